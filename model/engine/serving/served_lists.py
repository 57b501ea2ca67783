"""Recently served lists, which events refer to by recommendation id."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

KEPT_IDS = 1_000_000  # item ids of all lists together: 40,000 lists of 25 items, some 15 MB


@dataclass(frozen=True, slots=True)
class ServedList:
    """The items, or actions, of one answer in their order, and the campaign or recommender that gave it."""

    arn: str
    group_arn: str
    item_ids: tuple[str, ...]


class ServedLists:
    """The latest served lists by recommendation id, in memory only; the oldest ones are dropped."""

    def __init__(self, kept_ids: int = KEPT_IDS) -> None:
        self._kept_ids = kept_ids
        self._size = 0
        self._lists: dict[str, ServedList] = {}
        self._order: deque[str] = deque()

    def add(self, recommendation_id: str, served: ServedList) -> None:
        """Add a list under a new recommendation id."""
        self._lists[recommendation_id] = served
        self._order.append(recommendation_id)
        self._size += len(served.item_ids) + 1
        while self._size > self._kept_ids:
            self._size -= len(self._lists.pop(self._order.popleft()).item_ids) + 1

    def arns(self, group_arn: str) -> dict[str, str]:
        """Return the campaigns and recommenders that gave the lists of a dataset group, by recommendation id."""
        return {name: served.arn for name, served in self._lists.items() if served.group_arn == group_arn}

    def find(self, recommendation_id: str | None, group_arn: str) -> ServedList | None:
        """Return the list of a dataset group; None if the id is unknown, dropped, or of another dataset group."""
        served = self._lists.get(recommendation_id or "")
        return served if served is not None and served.group_arn == group_arn else None
