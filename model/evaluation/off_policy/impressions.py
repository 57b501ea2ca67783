"""Turns logged impressions in the contract's form into decisions for the off-policy replay.

A producer that randomises its lists sends events with `recommendation_id`, `impression` (the items of the list) and
`properties.propensity` (the probability of each item to be on the list). A `View` reports that a list was shown; any
other event of the list reports that its item was selected.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from model.datasets.data_set import SESSION_PREFIX, events_of
from model.evaluation.off_policy.replay import BadLogError, Decision

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from backend.contract import Event

SHOWN = "View"
PROPENSITY = "propensity"
HISTORY_LENGTH = 50  # latest items of a decision's history; recipes use no more


@dataclass
class _List:
    """A list that was shown, and its selected items."""

    user: str
    history: tuple[str, ...]
    moment: int
    items: tuple[str, ...]
    propensity: float
    selected: set[str] = field(default_factory=set)


def read_impressions(path: Path) -> list[Decision]:
    """Read the shown lists of a file of events, a decision per position.

    Returns
    -------
    list of Decision
        Selected items have reward 1; the history holds the user's earlier items in the file.

    Raises
    ------
    BadLogError
        No list has a propensity, or a propensity is not a probability.
    """
    if not path.is_file():
        raise BadLogError(f"{path} cannot be read: the file does not exist")
    events = sorted(events_of(path, datetime.now(UTC), Counter()), key=lambda event: event.timestamp)
    return decisions_of(events)


def decisions_of(events: Iterable[Event]) -> list[Decision]:
    """Return the decisions of events with impressions; the events must be in order of time."""
    histories: dict[str, list[str]] = {}
    lists: dict[str, _List] = {}
    for number, event in enumerate(events):
        user = event.user_id or f"{SESSION_PREFIX}{event.session_id}"
        history = histories.setdefault(user, [])
        propensity = (event.properties or {}).get(PROPENSITY)
        if event.impression and propensity is not None:
            # An event without a recommendation id counts as a list of its own.
            name = event.recommendation_id or f"event {number}"
            if name not in lists:
                latest = tuple(history[: -HISTORY_LENGTH - 1 : -1])
                moment = int(event.timestamp.timestamp())
                items = tuple(dict.fromkeys(event.impression))
                lists[name] = _List(user, latest, moment, items, _checked(propensity, name))
            if event.event_type != SHOWN and event.item_id is not None:
                lists[name].selected.add(event.item_id)
        if event.item_id is not None:
            history.append(event.item_id)
    if not lists:
        raise BadLogError(f"no event has an impression and properties.{PROPENSITY}, so there is nothing to replay")
    return [
        # Each position of a list is a decision, with the propensity of the list divided by its length.
        Decision(
            shown.user,
            shown.history,
            item,
            shown.propensity / len(shown.items),
            float(item in shown.selected),
            (),
            shown.moment,
        )
        for shown in lists.values()
        for item in shown.items
    ]


def _checked(propensity: object, name: str) -> float:
    if isinstance(propensity, bool) or not isinstance(propensity, int | float) or not 0 < propensity <= 1:
        raise BadLogError(f"the propensity {propensity!r} of {name} is not a probability (above 0, at most 1)")
    return float(propensity)
