"""The form of a scenario: rows of the raw lake, and the rows of curated tables and views that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Fields = dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """Raw rows, and what follows from them.

    A scenario has its own days, users, sessions and items, so that all scenarios can be in one lake.

    Attributes
    ----------
    events
        In the order in which they are stored.
    items, users
        Records of the raw lake, with `received_at`.
    served
        Rows of `served_lists`.
    tables
        All rows of the scenario's days by table, in the columns that matter; of a table without days, all rows of the
        scenario's items or users.
    views
        Rows by view, in the columns that matter, on the scenario's days.
    """

    name: str
    events: list[Fields]
    tables: dict[str, list[Fields]]
    views: dict[str, list[Fields]] = field(default_factory=dict)
    items: list[Fields] = field(default_factory=list)
    users: list[Fields] = field(default_factory=list)
    served: list[Fields] = field(default_factory=list)

    @property
    def days(self) -> set[str]:
        """The days on which the events happened."""
        return {f"{row['timestamp']:%Y-%m-%d}" for row in self.events}


def utc(text: str) -> datetime:
    """Return a time that is given as `2026-01-31 12:00:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def event(
    event_id: str, moment: str, event_type: str = "View", item_id: str | None = None, received: str = "", **fields: Any
) -> Fields:
    """Return a row of the raw lake, which arrived a second after the event where no other time is given."""
    happened = utc(moment)
    return {
        "event_id": event_id,
        "timestamp": happened,
        "event_type": event_type,
        "item_id": item_id,
        "consent": "granted",
        "schema_version": "1",
        "received_at": utc(received) if received else happened + timedelta(seconds=1),
        **fields,
    }


def rows(columns: str, *values: tuple[Any, ...]) -> list[Fields]:
    """Return rows from the names of their columns, separated by spaces, and from their values."""
    return [dict(zip(columns.split(), row, strict=True)) for row in values]
