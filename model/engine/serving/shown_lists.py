"""The lists that were answered lately, so that an event can say by their ids what somebody was shown."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

KEPT_IDS = 1_000_000  # of items over all lists: 40,000 lists of 25, some 15 MB


@dataclass(frozen=True, slots=True)
class ShownList:
    """One answer.

    Attributes
    ----------
    arn : str
        Of the campaign or recommender that gave it.
    item_ids : tuple of str
        Items, or actions, as they stood.
    """

    arn: str
    group_arn: str
    item_ids: tuple[str, ...]


class ShownLists:
    """The newest lists by recommendation id; the oldest are forgotten, and all of them with the process."""

    def __init__(self, kept_ids: int = KEPT_IDS) -> None:
        self._kept_ids = kept_ids
        self._size = 0
        self._lists: dict[str, ShownList] = {}
        self._order: deque[str] = deque()

    def keep(self, recommendation_id: str, shown: ShownList) -> None:
        """Remember a list.

        Parameters
        ----------
        recommendation_id : str
            Of no other list.
        """
        self._lists[recommendation_id] = shown
        self._order.append(recommendation_id)
        self._size += len(shown.item_ids) + 1
        while self._size > self._kept_ids:
            self._size -= len(self._lists.pop(self._order.popleft()).item_ids) + 1

    def arns(self, group_arn: str) -> dict[str, str]:
        """Return which campaign or recommender gave each list of a dataset group, by recommendation id."""
        return {one: shown.arn for one, shown in self._lists.items() if shown.group_arn == group_arn}

    def find(self, recommendation_id: str | None, group_arn: str) -> ShownList | None:
        """Return a list.

        Parameters
        ----------
        recommendation_id : str or None
            As an event states it.
        group_arn : str
            Of the dataset group that the event belongs to.

        Returns
        -------
        ShownList or None
            None where the id is unknown, too old, or of another dataset group.
        """
        found = self._lists.get(recommendation_id or "")
        return found if found is not None and found.group_arn == group_arn else None
