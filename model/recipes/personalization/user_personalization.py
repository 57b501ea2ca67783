"""User personalization: the user scorer over the whole catalogue, with exploration of new items."""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from model.arrays.growable import GrowableRows
from model.arrays.model_files import read_model, write_model
from model.arrays.top_k import NEVER, top_k
from model.recipes.personalization.blending import choose_weights
from model.recipes.personalization.candidates import CandidateScorer
from model.recipes.personalization.score_parts import LATEST, lower_contributions, lower_seen, reasons_of
from model.recipes.personalization.user_scorer import SHARPNESS, UserScorer
from model.recipes.recipe import EXPLORATION, SEEN_OFFSET, Contribution, Event, Query, Recipe, Recommendation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from model.datasets.catalogue import CatalogueItem
    from model.datasets.training_data import TrainingData
    from model.recipes.personalization.candidates import Scored

EXPLORED_SHARE = 0.2  # of a list that goes to new items at exploration weight 1
FIRST_EXPLORED = 4  # the first 1/4 of a list holds no new items
RANDOM_SHARE = 0.5  # weight of randomness relative to the score in choosing new items
MAX_SAMPLED = 256  # new items that are scored for an answer though nothing but exploration chooses them
SECONDS_PER_DAY = 86400
SCATTER = 2654435761  # Knuth's multiplicative hash (The Art of Computer Programming, 6.4)


class UserPersonalization(Recipe):
    """The default recipe; its scores over the catalogue sum to one."""

    def __init__(self, scorer: UserScorer, created: NDArray[np.int64], newest: int) -> None:
        self._scorer = scorer
        self._created = GrowableRows(created)
        self._newest = newest
        self._candidates = CandidateScorer(scorer)
        # Items by creation time, and these times; computed lazily after a change.
        self._cold: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        self.item_ids, self.item_of = scorer.item_ids, scorer.item_of
        self.repeats = scorer.repeats

    @property
    def popularity(self) -> NDArray[np.float32]:
        """The popularity of each item, which fills filtered lists: float32 array of shape (items,), from 0 to 1."""
        return self._scorer.popularity

    @classmethod
    def tune(cls, data: TrainingData) -> dict[str, float]:  # noqa: D102
        return choose_weights(data)

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: D102
        scorer = UserScorer.fit(data, tuned)
        created_of = dict(zip(data.catalogue.item_ids, data.catalogue.created, strict=True))
        created = np.array([created_of.get(item, 0) for item in scorer.item_ids], np.int64)
        return cls(scorer, created, int(data.interactions.times.max(initial=0)))

    def score(self, query: Query) -> NDArray[np.float32]:  # noqa: D102
        history = self._scorer.positions_of(query.history)
        return self._lower_seen(self._scorer.score(query, history), history, query)

    def recommend(self, query: Query, count: int) -> list[Recommendation]:  # noqa: D102
        history, repeats = self._scorer.positions_of(query.history), self.shows_repeats(query)
        new = self._to_explore(query)
        scored = self._candidates.score(query, history, self.seen_positions(query), new, count)
        scores = scored.scores
        latest = scored.places(np.array(history[:LATEST], np.int64)).tolist() if repeats else []
        lower_seen(scores, latest, scored.seen, self._scorer.weights, repeats)
        highest = float(scores.max(initial=NEVER))
        exponentials = scores - np.float32(highest)
        exponentials *= np.float32(SHARPNESS)
        np.exp(exponentials, out=exponentials)
        if query.allowed is not None:
            scores = np.where(scored.of_all(query.allowed), scores, NEVER)
        explored = self._explore(query, scored, scores, new, count)
        if explored:
            scores[list(explored.values())] = NEVER
        order = top_k(scores, count).tolist()
        for position, place in explored.items():
            order.insert(position, place)
        del order[count:]
        # A new item gets the score of the next item (at the end, of the last other one), so that scores never increase.
        others = [place for position, place in enumerate(order) if position not in explored] if explored else []
        for number, (position, place) in enumerate(explored.items()):
            exponentials[place] = exponentials[others[min(position - number, len(others) - 1)]]
        # Relative to the whole catalogue, independent of the filter.
        total = float(exponentials.sum()) + (scored.rest * math.exp(-SHARPNESS * highest) if scored.rest else 0.0)
        chosen = np.array(order, np.int64)
        shares = (exponentials[chosen] / np.float32(total)).tolist()
        reasons = reasons_of(scored.parts, self._scorer.weights, chosen)
        for position in explored:
            reasons[position] = EXPLORATION
        ids = self.item_ids
        return [
            Recommendation(ids[item], share, reason)
            for item, share, reason in zip(scored.items(chosen).tolist(), shares, reasons, strict=True)
        ]

    def training_facts(self) -> dict[str, float]:  # noqa: D102
        return self._scorer.training_facts()

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:  # noqa: D102
        history = self._scorer.positions_of(query.history)
        items = [self.item_of[item] for item in item_ids]
        seen, repeats = set(self.seen_positions(query).tolist()), self.shows_repeats(query)
        return [
            lower_contributions(parts, item, history, seen, self._scorer.weights, repeats)
            for parts, item in zip(self._scorer.explain_all(query, history, items), items, strict=True)
        ]

    def update(self, event: Event) -> None:  # noqa: D102
        self._newest = max(self._newest, event.time)
        self._scorer.update(event)
        place = self.item_of.get(event.item_id)
        if place is None:
            return
        self._candidates.update(place)
        if event.first and self._scorer.users[place] == 1:  # it is not cold any more
            self._cold = None

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        known = len(self._created)
        self._scorer.put(item)
        if len(self.item_ids) > known:
            self._created.append(item.created)
            self._candidates.put(known)
        else:
            self._created.rows[self._scorer.item_of[item.item_id]] = item.created
        self._cold = None

    def save(self, directory: Path) -> None:  # noqa: D102
        arrays = {**self._scorer.arrays(), "created": self._created.rows}
        write_model(directory, arrays, {**self._scorer.document(), **self._own_document()})

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        return cls._from_document(UserScorer.from_arrays(arrays, document), arrays, document)

    def _own_document(self) -> dict[str, Any]:
        return {"newest": self._newest}

    @classmethod
    def _from_document(
        cls, scorer: UserScorer, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> Self:
        return cls(scorer, arrays["created"], document["newest"])

    def _lower_seen(self, scores: NDArray[np.float32], history: Sequence[int], query: Query) -> NDArray[np.float32]:
        lower_seen(scores, history, self.seen_positions(query), self._scorer.weights, self.shows_repeats(query))
        return scores

    def _exploration_share(self, query: Query) -> float:
        """Return the share of a list that goes to new items."""
        return query.exploration * EXPLORED_SHARE

    def _is_cold(self, scored: Scored | None = None) -> NDArray[np.bool_]:
        """Return which items, or which of the candidates of an answer, may be explored."""
        users = self._scorer.users
        result: NDArray[np.bool_] = (users if scored is None else scored.of_all(users)) == 0
        return result

    def _oldest_explored(self, query: Query) -> float:
        """Return the creation time, in epoch seconds, before which items are not explored."""
        return (query.now or self._newest) - query.explored_age_days * SECONDS_PER_DAY

    def _to_explore(self, query: Query) -> NDArray[np.int64]:
        """Return the new items that may be explored; of many, a sample for a user and day."""
        if self._exploration_share(query) <= 0:
            return np.empty(0, np.int64)
        if self._cold is None:
            cold = np.flatnonzero(self._is_cold())
            created = self._created.rows[cold]
            order = np.argsort(created, kind="stable")
            self._cold = cold[order], created[order]
        cold, created = self._cold
        undated = int(np.searchsorted(created, 0, "right"))
        recent = max(undated, int(np.searchsorted(created, self._oldest_explored(query))))
        cold = np.concatenate([cold[:undated], cold[recent:]]) if undated else cold[recent:]
        if query.allowed is not None:
            cold = cold[query.allowed[cold]]
        if cold.size <= MAX_SAMPLED:
            return cold
        first = _seed_of(query, self._newest) % cold.size
        return cold.take(np.arange(first, first + MAX_SAMPLED), mode="wrap")

    def _explore(
        self, query: Query, scored: Scored, scores: NDArray[np.float32], new: NDArray[np.int64], count: int
    ) -> dict[int, int]:
        """Return the places of new items among the candidates by position in the list; the same for a user all day.

        Parameters
        ----------
        scores : float32 array of shape (candidates,)
            `NEVER` for those that the query does not allow.
        new : int64 array of shape (n,)
            The items of `_to_explore`.
        """
        if not new.size:
            return {}
        share = self._exploration_share(query)
        # Items that the user has interacted with follow all others, new ones as well.
        length = min(count, int(np.count_nonzero(scores > -SEEN_OFFSET / 2)))
        if new.size < MAX_SAMPLED:
            new = scored.places(new)
        else:  # besides the sample, those that the history reaches
            created = scored.of_all(self._created.rows)
            is_new = self._is_cold(scored) & ((created == 0) | (created >= self._oldest_explored(query)))
            new = is_new.nonzero()[0]
        new = new.compress(scores.take(new) > -SEEN_OFFSET / 2)
        seed = _seed_of(query, self._newest)
        chance = seed / 2**32
        # 1.5 new items means one, and a second one in half of the cases.
        slots = min(int(share * length + chance), new.size)
        first = -(-length // FIRST_EXPLORED)
        slots = min(slots, length - first)
        if slots < 1:
            return {}
        preference = scores[new]
        preference /= max(float(preference.max()), 1e-9)
        preference += np.float32(RANDOM_SHARE) * _hash_to_unit(scored.items(new), seed)
        chosen = new[top_k(preference, slots)].tolist()
        step = (length - first) / slots
        return {first + int((number + chance) * step): place for number, place in enumerate(chosen)}


def _seed_of(query: Query, newest: int) -> int:
    """Return a number from 0 to 2**32 - 1 for a user and a day."""
    return zlib.crc32(f"{query.user}|{(query.now or newest) // SECONDS_PER_DAY}".encode())


def _hash_to_unit(places: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """Hash positions and a seed to pseudo-random numbers from 0 to 1."""
    mixed = (places.astype(np.uint32) + np.uint32(seed)) * np.uint32(SCATTER)  # all of it modulo 2**32
    mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(SCATTER)
    return mixed.astype(np.float32) * np.float32(2.0**-32)
