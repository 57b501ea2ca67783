"""The input of a filter: the data of a dataset group, the current user and item, and values of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from model.engine.filters.table import Table


class Interactions(Protocol):
    """The interactions of users, by event type."""

    def items_by_event_type(self, user_id: str) -> Mapping[str, set[str]]:
        """Return all items of a user's interactions, by event type in lower case."""

    def users_with(self, matches_type: Callable[[str], bool]) -> Iterable[str]:
        """Return the ids of all users who have had an interaction of a matching event type."""


class FilterData(Protocol):
    """The data of a dataset group that filters read."""

    @property
    def tables(self) -> Mapping[str, Table]:
        """Rows of items, users and actions, by dataset type."""

    @property
    def interactions(self) -> Interactions:
        """Interactions with items."""

    @property
    def action_interactions(self) -> Interactions:
        """Interactions with actions."""


@dataclass(frozen=True)
class FilterQuery:
    """One evaluation of a filter; `item` is the row of the current item."""

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
    def interactions(self) -> Mapping[str, set[str]]:
        """The items that the current user interacted with, by event type."""
        return self.group.interactions.items_by_event_type(self.user_id)

    @cached_property
    def action_interactions(self) -> Mapping[str, set[str]]:
        """The actions that the current user interacted with, by event type."""
        return self.group.action_interactions.items_by_event_type(self.user_id)
