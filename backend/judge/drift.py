"""Drift: differences between the latest events and those that the serving version was trained on.

Both are described by a profile that the datasets job writes to its manifest (`scripts/training_profile.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SHIFTED = 0.25
"""Population stability index above which a population has changed: Siddiqi 2006, "Credit Risk Scorecards"."""

UNKNOWN_SHARE = 0.2
"""Share of the latest interactions that may be with unknown items or by unknown users, beyond the usual share."""

RATE_FACTOR = 2.0
"""Factor by which the events per day may rise or fall."""

CONFIDENCE = 0.99
"""Confidence with which a measure must differ from chance."""

REST = "the rest"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of the difference between the latest events and those of the training.

    Attributes
    ----------
    value, limit
        A value above the limit is drift.
    words
        The difference, as a clause.
    """

    name: str
    value: float
    limit: float
    words: str

    @property
    def has_drifted(self) -> bool:
        """Whether the value is above the limit."""
        return self.value > self.limit


@dataclass(frozen=True, slots=True)
class Drift:
    """The difference of the data since the champion was trained."""

    found: bool
    reason: str
    measures: Sequence[Measure] = ()


def detect_drift(champion: Mapping[str, Any] | None, latest: Mapping[str, Any]) -> Drift:
    """Compare the latest window of events with the data that the champion was trained on, None where it is unknown."""
    if champion is None:
        return Drift(found=False, reason="The champion's training data are not known, so drift cannot be measured.")
    if not latest["recent"]["interactions"] or not champion["recent"]["interactions"]:
        return Drift(found=False, reason="There are no recent events to compare.")
    measures = (*_shifts(champion, latest), *_unknown(champion, latest), _rate(champion, latest))
    differences = [measure.words for measure in measures if measure.has_drifted]
    since = str(champion["trained"]["until"])[:10]
    if differences:
        return Drift(found=True, reason=f"Since {since}: {'; '.join(differences)}.", measures=measures)
    return Drift(found=False, reason=f"The latest events are like those up to {since}.", measures=measures)


def stability_index(expected: Mapping[str, int], observed: Mapping[str, int]) -> tuple[float, float]:
    """Return the population stability index of two counts by bin, and its noise by chance alone.

    The index is the sum of (q - p) ln(q / p) over the shares p and q of each bin, with half an event added to each bin,
    so that an empty one does not make it infinite. For samples of N and M events of one population it is distributed
    as (1/N + 1/M) times chi-square with one degree of freedom less than there are bins (Yurdakul 2018, "Statistical
    properties of population stability index").

    Parameters
    ----------
    expected, observed
        Events by bin; a missing bin has none.

    Returns
    -------
    index, noise
        The noise is the quantile `CONFIDENCE` of the index of an unchanged population.
    """
    bins = sorted(expected.keys() | observed.keys())
    old = [expected.get(name, 0) + 0.5 for name in bins]
    new = [observed.get(name, 0) + 0.5 for name in bins]
    pairs = [(p / sum(old), q / sum(new)) for p, q in zip(old, new, strict=True)]
    index = sum((q - p) * math.log(q / p) for p, q in pairs)
    return index, (1 / sum(old) + 1 / sum(new)) * _chi_square(max(1, len(bins) - 1))


def _shifts(champion: Mapping[str, Any], latest: Mapping[str, Any]) -> Iterator[Measure]:
    trained, recent = champion["trained"], latest["recent"]
    index, noise = stability_index(trained["event_types"], recent["event_types"])
    words = f"the mix of event types has changed (stability index {index:.2f})"
    yield Measure("event_types", index, max(SHIFTED, noise), words)
    items = trained["items"]
    expected = {**items, REST: trained["interactions"] - sum(items.values())}
    observed = {name: recent["items"].get(name, 0) for name in items}
    observed[REST] = recent["interactions"] - sum(observed.values())
    index, noise = stability_index(expected, observed)
    words = f"the most popular items have another share of the events (stability index {index:.2f})"
    yield Measure("items", index, max(SHIFTED, noise), words)


def _unknown(champion: Mapping[str, Any], latest: Mapping[str, Any]) -> Iterator[Measure]:
    for kind, words in (("items", "with items"), ("users", "by users")):
        usual, then = _share_since(champion["recent"], kind, champion["recent"]["since"])
        share, now = _share_since(latest["recent"], kind, champion["trained"]["until"])
        noise = NormalDist().inv_cdf(CONFIDENCE) * math.sqrt(0.25 / max(1, now) + 0.25 / max(1, then))
        text = f"{share:.0%} of the latest interactions are {words} unknown to the champion ({usual:.0%} was usual)"
        yield Measure(f"unknown_{kind}", share - usual, max(UNKNOWN_SHARE, noise), text)


def _share_since(recent: Mapping[str, Any], kind: str, moment: str) -> tuple[float, int]:
    """Return the share of a window's interactions with an item or user first seen after a day, and their number."""
    total: int = recent[f"{kind}_counted"]
    later = sum(count for day, count in recent[f"{kind}_first_seen"].items() if day > moment[:10])
    return (later / total if total else 0.0), total


def _rate(champion: Mapping[str, Any], latest: Mapping[str, Any]) -> Measure:
    then, now = champion["recent"], latest["recent"]
    old, new = (window["interactions"] / max(_days(window), 1 / 24) for window in (then, now))
    change = abs(math.log(new / old))
    noise = NormalDist().inv_cdf(CONFIDENCE) * math.sqrt(1 / then["interactions"] + 1 / now["interactions"])
    words = f"there are {new:.0f} interactions a day instead of {old:.0f}"
    return Measure("event_rate", change, max(math.log(RATE_FACTOR), noise), words)


def _days(window: Mapping[str, Any]) -> float:
    since, until = (datetime.fromisoformat(window[name]) for name in ("since", "until"))
    return (until - since).total_seconds() / 86_400


def _chi_square(freedom: int) -> float:
    """Return the quantile `CONFIDENCE` of chi-square, to some hundredths (Wilson and Hilferty 1931)."""
    spread = 2 / (9 * freedom)
    return freedom * (1 - spread + NormalDist().inv_cdf(CONFIDENCE) * math.sqrt(spread)) ** 3
