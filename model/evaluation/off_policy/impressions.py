"""Turns lists that were seen into decisions for the off-policy replay.

A producer that randomises its lists sends an `Impression` for each list that a user has seen, with `recommendation_id`,
`impression` (the items) and `properties.propensity` (the probability of each item to be on the list). A `Click` with
the same recommendation id selects its item. Where no Impression of a list arrived, a Click's own `impression` and
propensity imply one. No other event says that a list was seen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from backend.contract.rules.event_types import IMPRESSION
from backend.contract.rules.identity import find_owners, in_time_order
from model.datasets.data_set import events_of
from model.evaluation.off_policy.replay import BadLogError, Decision

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from backend.contract import Event

CLICK = "Click"
PROPENSITY = "propensity"
HISTORY_LENGTH = 1000  # latest items of a decision's history, which lists do not show again


_ListKey = tuple[str, str]
"""The recommendation id, or a name of its own, and the user: an answer from the cache has one id for several users."""


@dataclass
class _List:
    """A list that a user has seen; several events can each report a part of it.

    Attributes
    ----------
    seen, implied
        Its items in order, by Impressions and by Clicks.
    """

    history: tuple[str, ...]
    moment: int
    propensity: float
    seen: list[str] = field(default_factory=list)
    implied: list[str] = field(default_factory=list)

    @property
    def items(self) -> list[str]:
        return list(dict.fromkeys(self.seen or self.implied))


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
    return decisions_of(in_time_order(events_of(path, datetime.now(UTC), Counter())))


def decisions_of(events: Sequence[Event]) -> list[Decision]:
    """Return the decisions of events with impressions; the events must be in order of time."""
    histories: dict[str, list[str]] = {}
    lists: dict[_ListKey, _List] = {}
    selected: defaultdict[_ListKey, set[str]] = defaultdict(set)
    for number, (event, user) in enumerate(zip(events, find_owners(events), strict=True)):
        history = histories.setdefault(user, [])
        # An event without a recommendation id counts as a list of its own.
        key = (event.recommendation_id or f"event {number}", user)
        propensity = (event.properties or {}).get(PROPENSITY)
        if event.event_type in (IMPRESSION, CLICK) and event.impression and propensity is not None:
            checked = _checked(propensity, key[0])
            if key not in lists:
                latest = tuple(history[: -HISTORY_LENGTH - 1 : -1])
                lists[key] = _List(latest, int(event.timestamp.timestamp()), checked)
            part = lists[key].seen if event.event_type == IMPRESSION else lists[key].implied
            part += event.impression
        if event.item_id is not None:
            if event.event_type == CLICK:
                selected[key].add(event.item_id)
            history.append(event.item_id)
    if not lists:
        raise BadLogError(
            f"no {IMPRESSION} or {CLICK} has an impression and properties.{PROPENSITY}, so there is nothing to replay"
        )
    return [
        # Each position of a list is a decision, with the propensity of the list divided by its length.
        Decision(
            user,
            shown.history,
            item,
            shown.propensity / len(shown.items),
            float(item in selected[name, user]),
            (),
            shown.moment,
        )
        for (name, user), shown in lists.items()
        for item in shown.items
    ]


def _checked(propensity: object, name: str) -> float:
    if isinstance(propensity, bool) or not isinstance(propensity, int | float) or not 0 < propensity <= 1:
        raise BadLogError(f"the propensity {propensity!r} of {name} is not a probability (above 0, at most 1)")
    return float(propensity)
