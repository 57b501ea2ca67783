"""How much there is to find in the stream: the next item guessed from popularity, the last item, and the truth.

A stream in which a count of popular items does as well as anything else cannot tell a good recommender from a bad
one. The truth is the distribution from which the generator itself draws; nothing can do better in the long run.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.generator.catalogue import make_catalogue
from data.generator.sessions import FAVOURITE_BRAND, FIT_COMPANION, FIT_CROWD, FIT_TASTE
from data.generator.shop import generate
from data.generator.users import make_crowd
from data.stream import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data.generator.catalogue import Catalogue, Shelf
    from data.generator.settings import Settings
    from data.generator.users import User

# How many guesses are allowed, and which share of the stream is kept to test them.
GUESSES = 20
TESTED = 0.2

# How often each kind of item is drawn into a list (`sessions.py`).
_DRAWS_COMPANION, _DRAWS_TASTE, _DRAWS_CROWD = 5, 3, 3


@dataclass(frozen=True)
class Structure:
    """Share of next items that are among the first `GUESSES` guesses.

    Attributes
    ----------
    popularity
        Guessing the items most viewed so far.
    transitions
        Guessing what most often followed the last item so far, filled up with popular items.
    oracle
        Guessing what the generator is most likely to draw.
    steps
        How many next items were guessed.
    """

    popularity: float
    transitions: float
    oracle: float
    steps: int


@dataclass(frozen=True, slots=True)
class _Step:
    user_id: str
    moment: float
    last: int
    following: int


def measure(settings: Settings) -> Structure:
    """Measure the structure of the stream that the settings make."""
    catalogue = make_catalogue(settings)
    users = {user.user_id: user for user in make_crowd(settings, catalogue).users}
    steps = list(_steps(settings))
    cut = int(len(steps) * (1 - TESTED))
    popular: Counter[int] = Counter(step.following for step in steps[:cut])
    follows: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for step in steps[:cut]:
        follows[step.last][step.following] += 1
    top = [place for place, _ in popular.most_common(GUESSES)]
    hits: Counter[str] = Counter()
    for step in steps[cut:]:
        after = [place for place, _ in follows[step.last].most_common(GUESSES)]
        guesses = list(dict.fromkeys(after + top))[:GUESSES]
        hits["popularity"] += step.following in top
        hits["transitions"] += step.following in guesses
        hits["oracle"] += step.following in _most_likely(step, users[step.user_id], catalogue)
    tested = max(1, len(steps) - cut)
    return Structure(
        popularity=hits["popularity"] / tested,
        transitions=hits["transitions"] / tested,
        oracle=hits["oracle"] / tested,
        steps=len(steps) - cut,
    )


def _steps(settings: Settings) -> Iterator[_Step]:
    """Yield from one viewed item to the next, within the visits of users who are logged in."""
    last: dict[str, int] = {}
    span = settings.until_ms - settings.since_ms
    for event in generate(settings).events:
        if event.outcome != ACCEPTED or event.is_late:
            continue
        fields = json.loads(event.payload)
        if fields["event_type"] != "View" or "user_id" not in fields:
            continue
        place = int(fields["item_id"].removeprefix("item-"))
        before = last.get(fields["session_id"], place)
        last[fields["session_id"]] = place
        if before != place:
            yield _Step(fields["user_id"], (event.arrival_ms - settings.since_ms) / span, before, place)


def _most_likely(step: _Step, user: User, catalogue: Catalogue) -> set[int]:
    """Return the items that the generator most likely draws next."""
    scores: defaultdict[int, float] = defaultdict(float)
    _add(scores, catalogue.companions[step.last], _DRAWS_COMPANION * FIT_COMPANION)
    for category in {*user.before, *user.after}:
        interest = user.interest(category, step.moment)
        _add(scores, catalogue.by_category[category], _DRAWS_TASTE * FIT_TASTE * interest)
    _add(scores, catalogue.everything, _DRAWS_CROWD * FIT_CROWD)
    for place in scores:
        if catalogue.items[place].brand in user.brands:
            scores[place] *= FAVOURITE_BRAND
    return set(sorted(scores, key=scores.__getitem__, reverse=True)[:GUESSES])


def _add(scores: defaultdict[int, float], shelf: Shelf, weight: float) -> None:
    total = shelf.cumulative[-1]
    before = 0.0
    for place, reached in zip(shelf.items, shelf.cumulative, strict=True):
        scores[place] += weight * (reached - before) / total
        before = reached
