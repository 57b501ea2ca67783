"""Whose recommendations a caller may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.contract.access.roles import is_visitor
from backend.http import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Container

    from backend.http import Caller
    from backend.recommend.requests import RecommendationRequest


def check_reader(asked: RecommendationRequest, caller: Caller | None, demonstration_users: Container[str]) -> None:
    """Raise `ForbiddenError` where a request concerns a user whose recommendations the caller may not read.

    The user is that of the path, the query or the body, so the authoriser, which sees no body, cannot decide this.
    """
    reads = None if caller is None else caller.reads
    user_id = asked.reader_id
    if reads == "all" or (
        reads == "visitors" and (user_id is None or is_visitor(user_id) or user_id in demonstration_users)
    ):
        return
    raise ForbiddenError("the key may not read the recommendations of this user")
