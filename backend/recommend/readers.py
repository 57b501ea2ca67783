"""Whose recommendations and history a caller may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.contract.access.roles import is_visitor
from backend.http import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Container

    from backend.http import Caller


def check_reader(user_id: str | None, caller: Caller | None, demonstration_users: Container[str]) -> None:
    """Raise `ForbiddenError` where a request concerns a user whose recommendations the caller may not read.

    The user is that of the path, the query or the body, so the authoriser, which sees no body, cannot decide this.

    Parameters
    ----------
    user_id
        None for a request that concerns no user, which every caller that reads may send.
    """
    reads = None if caller is None else caller.reads
    if reads == "all" or (
        reads == "visitors" and (user_id is None or is_visitor(user_id) or user_id in demonstration_users)
    ):
        return
    raise ForbiddenError("the key may not read the recommendations or the history of this user")
