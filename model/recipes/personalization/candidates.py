"""Candidates first: an answer scores the items that may reach its list, not the whole catalogue.

These are the items that the transitions from the history reach, the items of the history, those on the lists of the
nearest directions of the item space, the most popular ones, those that context and user features lift, and new items
to explore. Where a filter or a long list leaves too few of them, all items are scored. The scores of an answer are
shares of a sum over the catalogue; the part of the sum of all other items is estimated from a sample of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.arrays.top_k import top_k
from model.recipes.embeddings.nearest_lists import NearestLists
from model.recipes.personalization.candidate_items import Candidates
from model.recipes.personalization.user_scorer import SHARPNESS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from model.recipes.personalization.score_parts import Parts, Reach
    from model.recipes.personalization.user_scorer import UserScorer
    from model.recipes.recipe import Query

MIN_ITEMS = 10_000  # of a catalogue; scoring all of a smaller one takes no longer
MIN_PER_PLACE = 8  # candidates that the query allows, per place of the list
POPULAR = 256  # most popular items that are candidates; twice as many for a user without history
# The most popular items are computed again after so many events, or when so many other items have become as popular.
MAX_EVENTS, MAX_UPDATED = 1_000, 64
SAMPLED = 512  # items, from which the sum over those that are no candidates is estimated
SEED = 20261130


@dataclass(frozen=True)
class Scored:
    """The scores of the candidates of an answer.

    Attributes
    ----------
    candidates : Candidates or None
        None if they are all items.
    scores : float32 array of shape (candidates,)
    parts : Parts or None
        None for a user without history.
    seen : int array of shape (n,)
        Places among the candidates of items that the user has seen.
    rest : float
        The sum of exp(`SHARPNESS` * score) over all other items.
    """

    candidates: Candidates | None
    scores: NDArray[np.float32]
    parts: Parts | None
    seen: NDArray[np.integer[Any]]
    rest: float

    def places(self, items: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the places of items, all of which are candidates."""
        return items if self.candidates is None else self.candidates.places(items)

    def items(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the items at some places."""
        return places if self.candidates is None else self.candidates.items.take(places)

    def of_all(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the values of the candidates, from an array of shape (items,): shape (candidates,)."""
        return values if self.candidates is None else values.take(self.candidates.items)


class CandidateScorer:
    """Scores the candidates of an answer with a user scorer."""

    def __init__(self, scorer: UserScorer) -> None:
        self._scorer = scorer
        uses_space = scorer.weights["space"] and len(scorer.item_ids) >= MIN_ITEMS
        self._lists = NearestLists(scorer.space.vectors) if uses_space else None
        self._updated: set[int] = set()
        self._events = 0  # since the most popular items were computed
        self._popular: _Popular | None = None  # computed when it is used first

    def score(
        self, query: Query, history: Sequence[int], seen: NDArray[Any], others: NDArray[np.int64], count: int
    ) -> Scored:
        """Return the scores of the candidates for a list, or of all items where too few candidates may be listed.

        Parameters
        ----------
        history : sequence of int
            Newest first.
        seen : int array of shape (n,)
            Items that the user has seen.
        others : int64 array of shape (n,)
            Items that are candidates as well.
        count : int
            Length of the list.
        """
        scorer = self._scorer
        weights = scorer.weights_for(query)
        reach = scorer.reach(history, weights) if history else None
        if len(scorer.item_ids) >= MIN_ITEMS:
            candidates = self._candidates(query, history, reach, others)
            seen_places, _ = candidates.find(seen)
            if _count_usable(candidates, seen_places, query) >= MIN_PER_PLACE * count:
                scores, parts = scorer.score_with_parts(query, history, reach, candidates)
                return Scored(candidates, scores, parts, seen_places, self._sum_of_rest(candidates, reach, parts))
        scores, parts = scorer.score_with_parts(query, history, reach)
        return Scored(None, scores, parts, seen, 0.0)

    def update(self, item: int) -> None:
        """Make an item with a new event a candidate of the next answers, if it is now one of the most popular ones."""
        if self._popular is None:
            return
        self._events += 1
        if self._popular.is_surpassed_by(item):
            self._updated.add(item)
        if self._events >= MAX_EVENTS or len(self._updated) > MAX_UPDATED:
            self._updated.clear()
            self._popular, self._events = None, 0

    def put(self, item: int) -> None:
        """Add an item that is new."""
        if self._lists is not None:
            self._lists.put(item, self._scorer.space.vectors[item])

    def _candidates(
        self, query: Query, history: Sequence[int], reach: Reach | None, others: NDArray[np.int64]
    ) -> Candidates:
        popular = self._most_popular()
        found: list[NDArray[np.integer[Any]]] = [
            others,
            popular.without_history if reach is None else popular.with_history,
        ]
        if self._updated:
            found.append(np.fromiter(self._updated, np.int64, len(self._updated)))
        if reach is not None:
            sparse = [items for items, _ in reach.sparse.values()]
            found += [np.array(history, np.int64), *sparse]
            if reach.user_vector is not None and self._lists is not None:
                found.append(self._lists.near(reach.user_vector, sum(items.size for items in sparse)))
        for lifts, condition, weight in self._scorer.conditions(query, has_history=bool(history)):
            if weight:
                found.append(lifts.row(condition)[0])
        items = np.concatenate(found, dtype=np.int32, casting="same_kind")
        items.sort()
        is_first = np.empty(items.size, np.bool_)
        is_first[:1] = True
        np.not_equal(items[1:], items[:-1], out=is_first[1:])
        return Candidates(items.take(is_first.nonzero()[0]).astype(np.int64), len(self._scorer.item_ids))

    def _most_popular(self) -> _Popular:
        if self._popular is None:
            self._popular = _Popular(self._scorer)
        return self._popular

    def _sum_of_rest(self, candidates: Candidates, reach: Reach | None, parts: Parts | None) -> float:
        """Estimate the sum of exp(`SHARPNESS` * score) over all items that are no candidates."""
        popular = self._most_popular()
        scores = self._scorer.popularity_score(candidates.items, has_history=reach is not None)
        total = popular.sum_without_history if reach is None else popular.sum_with_history
        outside = max(0.0, total - float(np.exp(np.float32(SHARPNESS) * scores).sum()))
        if reach is None or reach.user_vector is None or parts is None:
            return outside
        # How much the item space adds to these items is estimated from a sample of them.
        _, is_candidate = candidates.find(popular.sample)
        added = popular.sampled_vectors @ reach.user_vector
        np.maximum(added, np.float32(0), out=added)
        added *= np.float32(SHARPNESS * self._scorer.weights["space"] * parts.scales["space"])
        if popular.sampled_factors is not None:
            added *= popular.sampled_factors
        np.exp(added, out=added)
        weights = popular.sampled_exponentials * ~is_candidate
        sampled = float(weights.sum())
        return outside * float(weights @ added) / sampled if sampled else outside


def _count_usable(candidates: Candidates, seen: NDArray[np.int64], query: Query) -> int:
    """Count the candidates that the query allows and that are not at the places of `seen`."""
    if query.allowed is None:
        return candidates.items.size - seen.size
    is_allowed = query.allowed.take(candidates.items)
    is_allowed[seen] = False
    return int(np.count_nonzero(is_allowed))


class _Popular:
    """What does not depend on the user: the most popular items, and the sums of the scores of all items."""

    def __init__(self, scorer: UserScorer) -> None:
        self._scorer = scorer
        every = slice(None)
        scores = (scorer.popularity_score(every, has_history=True), scorer.popularity_score(every, has_history=False))
        self.without_history = top_k(scores[1], 2 * POPULAR)
        self.with_history = top_k(scores[0], POPULAR) if scores[0].any() else self.without_history[:POPULAR]
        self._members = set(self.with_history.tolist())
        self._least = float(scores[0][self.with_history[-1]]), float(scores[1][self.with_history].min())
        exponentials = [np.exp(np.float32(SHARPNESS) * each) for each in scores]
        # Of exp(`SHARPNESS` * score) over all items, for a history that contributes nothing and for none.
        self.sum_with_history, self.sum_without_history = (float(each.sum(dtype=np.float64)) for each in exponentials)
        draw = np.random.default_rng(SEED)
        self.sample = np.sort(draw.choice(scores[0].size, min(SAMPLED, scores[0].size), replace=False))
        self.sampled_vectors = scorer.space.vectors[self.sample]
        self.sampled_factors = None if scorer.factors is None else scorer.factors[self.sample]
        self.sampled_exponentials = exponentials[0][self.sample]

    def is_surpassed_by(self, item: int) -> bool:
        """Return whether another item has become as popular as the least popular of `with_history`."""
        if item in self._members:
            return False
        scores = (self._scorer.popularity_score(item, has_history=has_history) for has_history in (True, False))
        return any(score >= least and score > 0 for score, least in zip(scores, self._least, strict=True))
