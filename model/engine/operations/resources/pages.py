"""Lists, a page at a time."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidNextTokenError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.engine.personalize.arns import Caller
    from model.engine.storage.control_plane.resources import Resource


def page(caller: Caller, request: dict[str, Any], member: str, resources: Iterable[Resource]) -> dict[str, Any]:
    """Return one page of the caller's resources, oldest first.

    Parameters
    ----------
    request : dict
        Its nextToken and maxResults count.
    member : str
        Of the answer, such as "campaigns".
    """
    mine = [(one.document["creationDateTime"], one.arn, one) for one in resources if one.arn.startswith(caller.prefix)]
    mine.sort(key=lambda entry: entry[:2])
    if token := request.get("nextToken"):
        after = _read_token(token)
        mine = [entry for entry in mine if entry[:2] > after]
    most = request.get("maxResults", limits.PAGE_DEFAULT)
    answer: dict[str, Any] = {member: [one.document for _, _, one in mine[:most]]}
    if len(mine) > most:
        answer["nextToken"] = base64.urlsafe_b64encode(json.dumps(mine[most - 1][:2]).encode()).decode()
    return answer


def _read_token(token: str) -> tuple[float, str]:
    try:
        moment, arn = json.loads(base64.urlsafe_b64decode(token))
        return float(moment), str(arn)
    except (ValueError, TypeError, binascii.Error):
        raise InvalidNextTokenError("the nextToken is none that this service gave out") from None
