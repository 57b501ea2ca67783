"""Pages of lists."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidNextTokenError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.engine.personalize.arns import Caller
    from model.engine.storage.control_plane.resources import Resource


@dataclass(frozen=True)
class Listed:
    """An entry of a list that is no resource of an account, such as a recipe."""

    arn: str
    document: dict[str, Any]


def page(
    caller: Caller, request: dict[str, Any], member: str, entries: Iterable[Resource[Any] | Listed]
) -> dict[str, Any]:
    """Return one page of the caller's resources, oldest first, as the member, such as "campaigns", of an answer."""
    own = [entry for entry in entries if entry.arn.startswith(caller.prefix)]
    own.sort(key=_position)
    if token := request.get("nextToken"):
        last = _read_token(token)
        own = [entry for entry in own if _position(entry) > last]
    most = request.get("maxResults", limits.PAGE_DEFAULT)
    answer: dict[str, Any] = {member: [entry.document for entry in own[:most]]}
    if len(own) > most:
        answer["nextToken"] = base64.urlsafe_b64encode(json.dumps(_position(own[most - 1])).encode()).decode()
    return answer


def _position(entry: Resource[Any] | Listed) -> tuple[float, str]:
    return entry.document["creationDateTime"], entry.arn


def _read_token(token: str) -> tuple[float, str]:
    try:
        moment, arn = json.loads(base64.urlsafe_b64decode(token))
        return float(moment), str(arn)
    except (ValueError, TypeError, binascii.Error):
        raise InvalidNextTokenError("the nextToken is invalid: use one that this list has returned") from None
