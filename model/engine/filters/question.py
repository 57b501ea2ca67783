"""What a filter is asked with: the data of a dataset group, and who asks about what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from model.engine.filters.table import Table


class Interactions(Protocol):
    """Who did what."""

    def recent(self, user_id: str) -> Mapping[str, list[str]]:
        """Return by event type, in small letters, the items of a user's newest interactions."""

    def users_with(self, is_asked: Callable[[str], bool]) -> Iterable[str]:
        """Return the ids of all who have had an interaction of an event type that is asked for."""


class FilterData(Protocol):
    """What filters look at in a dataset group."""

    @property
    def tables(self) -> Mapping[str, Table]:
        """Items, users and actions by dataset type."""

    @property
    def interactions(self) -> Interactions:
        """Who did what with items."""

    @property
    def action_interactions(self) -> Interactions:
        """Who did what with actions."""


@dataclass(frozen=True)
class Question:
    """One question to a filter.

    Attributes
    ----------
    table : Table
        Whose rows are filtered.
    item : int or None
        The row of the current item.
    values : mapping
        Of the parameters, as they came.
    """

    group: FilterData
    table: Table
    user_id: str
    item: int | None
    values: Mapping[str, str]

    @cached_property
    def user(self) -> int | None:
        """The row of the current user."""
        return self.group.tables["USERS"].row(self.user_id)

    @cached_property
    def interactions(self) -> Mapping[str, list[str]]:
        """What the current user did with items, newest first, by event type."""
        return self.group.interactions.recent(self.user_id)

    @cached_property
    def action_interactions(self) -> Mapping[str, list[str]]:
        """What the current user did with actions, newest first, by event type."""
        return self.group.action_interactions.recent(self.user_id)
