"""The pages that may call the API: origins of the environment and of the caller's key.

https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from backend.http.errors import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backend.http.request import Caller

EXPOSED = "Retry-After, x-amzn-RequestId"
"""The headers of an answer that a page of another origin can read, beyond the few that it always can."""


def check_origin(headers: Mapping[str, str], caller: Caller | None) -> None:
    """Raise `ForbiddenError` where the caller's key names origins, and the request is of none of them."""
    if caller is not None and caller.origins and headers.get("origin") not in caller.origins:
        raise ForbiddenError("the key is for pages of other origins than that of this request", "origin_not_allowed")


def cors_headers(origin: str | None, caller: Caller | None) -> dict[str, str]:
    """Return the headers with which a page of a listed origin can read the answer.

    Without a listed origin there are none but `Vary`, since a cache must not give the answer to another origin.
    """
    listed = _listed_origins()
    if not listed and not (caller and caller.origins):
        return {}
    if origin is None or not (origin in listed or (caller is not None and origin in caller.origins)):
        return {"Vary": "Origin"}
    return {"Vary": "Origin", "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED}


@cache
def _listed_origins() -> frozenset[str]:
    return frozenset(os.environ.get("CORS_ORIGINS", "").split())
