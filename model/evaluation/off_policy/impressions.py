"""Logged impressions in the contract's form, as decisions that `off_policy` can replay.

A producer that shows lists partly by chance sends events with `recommendation_id`, `impression` (the items of the
list) and `properties.propensity` (with which probability each of them was on the list). A `View` says that the list was
shown; any other event, of the same list, that its item was taken.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from model.evaluation.data_sets import SESSION_PREFIX, events_of
from model.evaluation.off_policy.replay import BadLogError, Decision

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from backend.contract import Event

SHOWN = "View"
PROPENSITY = "propensity"
HISTORY_LENGTH = 50  # newest items that a decision keeps; recipes look at no more


@dataclass
class _List:
    """A list that was shown, and which of its items were taken."""

    user: str
    history: tuple[str, ...]
    moment: int
    items: tuple[str, ...]
    propensity: float
    taken: set[str] = field(default_factory=set)


def read_impressions(path: Path) -> list[Decision]:
    """Read the lists that a file of events says were shown, each place of a list a decision.

    Parameters
    ----------
    path : Path
        The contract's JSON lines.

    Returns
    -------
    list of Decision
        With reward 1 for items that were taken; the history is what the user touched in the file before.

    Raises
    ------
    BadLogError
        No list has a propensity, or one is no probability.
    """
    if not path.is_file():
        raise BadLogError(f"{path} cannot be read: there is no such file")
    events = sorted(events_of(path, datetime.now(UTC), Counter()), key=lambda event: event.timestamp)
    return decisions_of(events)


def decisions_of(events: Iterable[Event]) -> list[Decision]:
    """Turn events with impressions into decisions.

    Parameters
    ----------
    events : iterable of Event
        In the order of time.
    """
    touched: dict[str, list[str]] = {}
    lists: dict[str, _List] = {}
    for number, event in enumerate(events):
        user = event.user_id or f"{SESSION_PREFIX}{event.session_id}"
        own = touched.setdefault(user, [])
        propensity = (event.properties or {}).get(PROPENSITY)
        if event.impression and propensity is not None:
            # An event that names no list is a list of its own.
            name = event.recommendation_id or f"event {number}"
            if name not in lists:
                history = tuple(own[: -HISTORY_LENGTH - 1 : -1])
                moment = int(event.timestamp.timestamp())
                items = tuple(dict.fromkeys(event.impression))
                lists[name] = _List(user, history, moment, items, _checked(propensity, name))
            if event.event_type != SHOWN and event.item_id is not None:
                lists[name].taken.add(event.item_id)
        if event.item_id is not None:
            own.append(event.item_id)
    if not lists:
        raise BadLogError(f"no event has an impression and properties.{PROPENSITY}, so there is nothing to replay")
    return [
        # A place of the list shows one of its items: the chance of the list, shared among its places.
        Decision(one.user, one.history, item, one.propensity / len(one.items), float(item in one.taken), (), one.moment)
        for one in lists.values()
        for item in one.items
    ]


def _checked(propensity: object, name: str) -> float:
    if isinstance(propensity, bool) or not isinstance(propensity, int | float) or not 0 < propensity <= 1:
        raise BadLogError(f"the propensity {propensity!r} of {name} is no probability (above 0, at most 1)")
    return float(propensity)
