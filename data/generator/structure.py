"""Measures how predictable the stream is: hit rates of popularity, of item transitions and of an oracle.

A stream in which popularity predicts as well as any other method cannot distinguish a good recommender from a bad one.
The oracle uses the distribution from which the generator draws; no method can do better in the long run.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.generator.catalogue import make_catalogue
from data.generator.sessions import FAVOURITE_BRAND, FIT_COMPANION, FIT_POPULAR, FIT_TASTE
from data.generator.shop import generate
from data.generator.users import make_population
from data.stream import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data.generator.catalogue import Catalogue, ItemSampler
    from data.generator.settings import Settings
    from data.generator.users import User

# Number of guesses per transition, and the share of the transitions that is held out for the test.
GUESSES = 20
TEST_SHARE = 0.2

# Number of draws into a list by origin of the items (`sessions.py`).
_DRAWS_COMPANION, _DRAWS_TASTE, _DRAWS_POPULAR = 5, 3, 3


@dataclass(frozen=True)
class Structure:
    """Hit rates: shares of next items that are among `GUESSES` guesses.

    Attributes
    ----------
    popularity
        Of the most viewed items.
    transitions
        Of the items that most often followed the last item, filled up with popular items.
    oracle
        Of the items that the generator is most likely to draw.
    """

    popularity: float
    transitions: float
    oracle: float
    steps: int


@dataclass(frozen=True, slots=True)
class _Transition:
    user_id: str
    progress: float
    last: int
    following: int


def measure_structure(settings: Settings) -> Structure:
    """Measure the stream that the settings generate."""
    catalogue = make_catalogue(settings)
    users = {user.user_id: user for user in make_population(settings, catalogue).users}
    transitions = list(_read_transitions(settings))
    cut = int(len(transitions) * (1 - TEST_SHARE))
    popular: Counter[int] = Counter(transition.following for transition in transitions[:cut])
    follows: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for transition in transitions[:cut]:
        follows[transition.last][transition.following] += 1
    top = [index for index, _ in popular.most_common(GUESSES)]
    hits: Counter[str] = Counter()
    for transition in transitions[cut:]:
        after = [index for index, _ in follows[transition.last].most_common(GUESSES)]
        guesses = list(dict.fromkeys(after + top))[:GUESSES]
        hits["popularity"] += transition.following in top
        hits["transitions"] += transition.following in guesses
        hits["oracle"] += transition.following in _most_likely(transition, users[transition.user_id], catalogue)
    tested = max(1, len(transitions) - cut)
    return Structure(
        popularity=hits["popularity"] / tested,
        transitions=hits["transitions"] / tested,
        oracle=hits["oracle"] / tested,
        steps=len(transitions) - cut,
    )


def _read_transitions(settings: Settings) -> Iterator[_Transition]:
    """Yield the transitions from one viewed item to the next, within the sessions of logged-in users."""
    last: dict[str, int] = {}
    span = settings.until_ms - settings.since_ms
    for event in generate(settings).events:
        if event.outcome != ACCEPTED or event.is_late:
            continue
        fields = json.loads(event.payload)
        if fields["event_type"] != "View" or "user_id" not in fields:
            continue
        index = int(fields["item_id"].removeprefix("item-"))
        before = last.get(fields["session_id"], index)
        last[fields["session_id"]] = index
        if before != index:
            yield _Transition(fields["user_id"], (event.arrival_ms - settings.since_ms) / span, before, index)


def _most_likely(transition: _Transition, user: User, catalogue: Catalogue) -> set[int]:
    """Return the items that the generator most likely draws next."""
    scores: defaultdict[int, float] = defaultdict(float)
    _add(scores, catalogue.companions[transition.last], _DRAWS_COMPANION * FIT_COMPANION)
    for category in {*user.before, *user.after}:
        interest = user.interest(category, transition.progress)
        _add(scores, catalogue.by_category[category], _DRAWS_TASTE * FIT_TASTE * interest)
    _add(scores, catalogue.all_items, _DRAWS_POPULAR * FIT_POPULAR)
    for index in scores:
        if catalogue.items[index].brand in user.brands:
            scores[index] *= FAVOURITE_BRAND
    return set(sorted(scores, key=scores.__getitem__, reverse=True)[:GUESSES])


def _add(scores: defaultdict[int, float], sampler: ItemSampler, weight: float) -> None:
    total = sampler.cumulative[-1]
    before = 0.0
    for index, reached in zip(sampler.items, sampler.cumulative, strict=True):
        scores[index] += weight * (reached - before) / total
        before = reached
