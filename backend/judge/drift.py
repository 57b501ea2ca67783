"""Drift: whether the newest events are still like those that the serving version was trained on.

Both are told by the profile that the datasets job leaves in its manifest (`scripts/training_profile.py`).
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
"""Population stability index from which on a population counts as another: Siddiqi 2006, "Credit Risk Scorecards"."""

UNKNOWN_SHARE = 0.2
"""Of the newest interactions, beyond what was usual, that may be with items or by people that the version never saw."""

RATE_FACTOR = 2.0
"""How many times more or fewer events a day there may be."""

CONFIDENCE = 0.99
"""How sure it must be that a measure is beyond chance."""

REST = "the rest"


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing in which the newest events are compared with those that were trained on.

    Attributes
    ----------
    value, limit
        The drift is found where the value is above the limit.
    words
        What was found, as a clause.
    """

    name: str
    value: float
    limit: float
    words: str

    @property
    def has_drifted(self) -> bool:
        """Whether it is another than what was trained on."""
        return self.value > self.limit


@dataclass(frozen=True, slots=True)
class Drift:
    """What became of the world since the champion was trained."""

    found: bool
    reason: str
    measures: Sequence[Measure] = ()


def look_for_drift(champion: Mapping[str, Any] | None, newest: Mapping[str, Any]) -> Drift:
    """Compare the newest window of events with what the champion was trained on.

    Parameters
    ----------
    champion
        Profile of the data sets that the champion was trained on; None where it is not known.
    newest
        Profile of the data sets of now.

    Returns
    -------
    Drift
        With the reason in words.
    """
    if champion is None:
        return Drift(found=False, reason="What the champion was trained on is not known, so drift cannot be told.")
    if not newest["recent"]["interactions"] or not champion["recent"]["interactions"]:
        return Drift(found=False, reason="There are no recent events to compare.")
    measures = (*_shifts(champion, newest), *_unknown(champion, newest), _rate(champion, newest))
    drifted = [one.words for one in measures if one.has_drifted]
    since = str(champion["trained"]["until"])[:10]
    if drifted:
        return Drift(found=True, reason=f"Since {since}: {'; '.join(drifted)}.", measures=measures)
    return Drift(found=False, reason=f"The newest events are like those up to {since}.", measures=measures)


def stability_index(expected: Mapping[str, int], found: Mapping[str, int]) -> tuple[float, float]:
    """Return the population stability index of two counts by bin, and how much chance alone would give.

    The index is the sum of (q - p) ln(q / p) over the shares p and q of each bin, each bin counted as half an event
    more, so that an empty one does not make it infinite. Of samples of N and M events of one population it is
    distributed as (1/N + 1/M) times chi-square of one degree of freedom less than there are bins (Yurdakul 2018,
    "Statistical properties of population stability index").

    Parameters
    ----------
    expected, found
        Events by bin; a bin that only one names has none in the other.

    Returns
    -------
    index, noise
        Noise is the quantile `CONFIDENCE` of the index where nothing has changed.
    """
    bins = sorted(expected.keys() | found.keys())
    old = [expected.get(name, 0) + 0.5 for name in bins]
    new = [found.get(name, 0) + 0.5 for name in bins]
    pairs = [(p / sum(old), q / sum(new)) for p, q in zip(old, new, strict=True)]
    index = sum((q - p) * math.log(q / p) for p, q in pairs)
    return index, (1 / sum(old) + 1 / sum(new)) * _chi_square(max(1, len(bins) - 1))


def _shifts(champion: Mapping[str, Any], newest: Mapping[str, Any]) -> Iterator[Measure]:
    trained, recent = champion["trained"], newest["recent"]
    index, noise = stability_index(trained["event_types"], recent["event_types"])
    words = f"event types have another mixture (stability index {index:.2f})"
    yield Measure("event_types", index, max(SHIFTED, noise), words)
    items = trained["items"]
    expected = {**items, REST: trained["interactions"] - sum(items.values())}
    found = {name: recent["items"].get(name, 0) for name in items}
    found[REST] = recent["interactions"] - sum(found.values())
    index, noise = stability_index(expected, found)
    words = f"what was most popular has another share of the events (stability index {index:.2f})"
    yield Measure("items", index, max(SHIFTED, noise), words)


def _unknown(champion: Mapping[str, Any], newest: Mapping[str, Any]) -> Iterator[Measure]:
    for kind, words in (("items", "with items"), ("users", "by people")):
        usual, then = _share_since(champion["recent"], kind, champion["recent"]["since"])
        share, now = _share_since(newest["recent"], kind, champion["trained"]["until"])
        noise = NormalDist().inv_cdf(CONFIDENCE) * math.sqrt(0.25 / max(1, now) + 0.25 / max(1, then))
        text = f"{share:.0%} of the newest interactions are {words} that the champion never saw ({usual:.0%} was usual)"
        yield Measure(f"unknown_{kind}", share - usual, max(UNKNOWN_SHARE, noise), text)


def _share_since(recent: Mapping[str, Any], kind: str, moment: str) -> tuple[float, int]:
    """Return the share of a window's interactions whose item or user was first seen after a day, and of how many."""
    of: int = recent[f"{kind}_counted"]
    later = sum(count for day, count in recent[f"{kind}_first_seen"].items() if day > moment[:10])
    return (later / of if of else 0.0), of


def _rate(champion: Mapping[str, Any], newest: Mapping[str, Any]) -> Measure:
    then, now = champion["recent"], newest["recent"]
    old, new = (one["interactions"] / max(_days(one), 1 / 24) for one in (then, now))
    change = abs(math.log(new / old))
    noise = NormalDist().inv_cdf(CONFIDENCE) * math.sqrt(1 / then["interactions"] + 1 / now["interactions"])
    words = f"there are {new:.0f} interactions a day in place of {old:.0f}"
    return Measure("event_rate", change, max(math.log(RATE_FACTOR), noise), words)


def _days(window: Mapping[str, Any]) -> float:
    since, until = (datetime.fromisoformat(window[name]) for name in ("since", "until"))
    return (until - since).total_seconds() / 86_400


def _chi_square(freedom: int) -> float:
    """Return the quantile `CONFIDENCE` of chi-square, to some hundredths (Wilson and Hilferty 1931)."""
    spread = 2 / (9 * freedom)
    return freedom * (1 - spread + NormalDist().inv_cdf(CONFIDENCE) * math.sqrt(spread)) ** 3
