"""User personalization: the user scorer over the whole catalogue, with exploration of new items."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from model.arrays.growable import GrowableRows
from model.arrays.model_files import read_model, write_model
from model.arrays.top_k import NEVER, top_k
from model.recipes.personalization.blending import choose_weights
from model.recipes.personalization.score_parts import reasons_of, scale_seen, seen_factor
from model.recipes.personalization.user_scorer import SHARPNESS, UserScorer
from model.recipes.recipe import EXPLORATION, Contribution, Event, Query, Recipe, Recommendation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from model.datasets.catalogue import CatalogueItem
    from model.datasets.training_data import TrainingData

EXPLORED_SHARE = 0.2  # of a list that goes to new items at exploration weight 1
FIRST_EXPLORED = 4  # the first 1/4 of a list holds no new items
RANDOM_SHARE = 0.5  # weight of randomness relative to the score in choosing new items
SECONDS_PER_DAY = 86400
SCATTER = 2654435761  # Knuth's multiplicative hash (The Art of Computer Programming, 6.4)


class UserPersonalization(Recipe):
    """The default recipe; its scores over the catalogue sum to one."""

    def __init__(self, scorer: UserScorer, created: NDArray[np.int64], newest: int) -> None:
        self._scorer = scorer
        self._created = GrowableRows(created)
        self._newest = newest
        self._cold: NDArray[np.int64] | None = None  # computed lazily after a change
        self.item_ids = scorer.item_ids

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
        return self._lower_seen(self._scorer.score(query, history), history)

    def recommend(self, query: Query, count: int) -> list[Recommendation]:  # noqa: D102
        history = self._scorer.positions_of(query.history)
        scores, parts = self._scorer.score_with_parts(query, history)
        scores = self._lower_seen(scores, history)
        exponentials = scores - scores.max(initial=NEVER)
        exponentials *= np.float32(SHARPNESS)
        np.exp(exponentials, out=exponentials)  # relative to the whole catalogue, independent of the filter
        if query.allowed is not None:
            scores = np.where(query.allowed, scores, NEVER)
        explored = self._explore(query, scores, count)
        if explored:
            scores[list(explored.values())] = NEVER
        order = _insert_explored(top_k(scores, count).tolist(), explored, count)
        # A new item gets the score of the next item (at the end, of the last other one), so that scores never increase.
        others = [item for place, item in enumerate(order) if place not in explored]
        for place in sorted(explored, reverse=True):
            exponentials[order[place]] = exponentials[order[place + 1] if place + 1 < len(order) else others[-1]]
        shares = (exponentials[order] / exponentials.sum()).tolist()
        reasons = reasons_of(parts, self._scorer.weights, order)
        new = set(explored.values())
        return [
            Recommendation(self.item_ids[item], share, EXPLORATION if item in new else reason)
            for item, share, reason in zip(order, shares, reasons, strict=True)
        ]

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:  # noqa: D102
        history = self._scorer.positions_of(query.history)
        items = [self._scorer.item_of[item] for item in item_ids]
        kept = [seen_factor(item, history, self._scorer.weights) for item in items]
        return [
            [Contribution(part.name, part.weight * share) for part in parts] if share < 1 else parts
            for parts, share in zip(self._scorer.explain_all(query, history, items), kept, strict=True)
        ]

    def update(self, event: Event) -> None:  # noqa: D102
        self._newest = max(self._newest, event.time)
        self._scorer.update(event)
        if event.first:
            self._cold = None

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        known = len(self._created)
        self._scorer.put(item)
        if len(self.item_ids) > known:
            self._created.append(item.created)
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

    def _lower_seen(self, scores: NDArray[np.float32], history: Sequence[int]) -> NDArray[np.float32]:
        if history:
            # Neither Amazon's recipes nor this one remove items of the history: users buy again.
            scale_seen(scores, history, self._scorer.weights)
        return scores

    def _exploration_share(self, query: Query) -> float:
        """Return the share of a list that goes to new items."""
        return query.exploration * EXPLORED_SHARE

    def _is_cold(self) -> NDArray[np.bool_]:
        """Return which items are candidates for exploration."""
        result: NDArray[np.bool_] = self._scorer.users == 0
        return result

    def _explore(self, query: Query, scores: NDArray[np.float32], count: int) -> dict[int, int]:
        """Return new items by their position in the list; the same for a user all day."""
        available = len(self.item_ids) if query.allowed is None else int(np.count_nonzero(query.allowed))
        length = min(count, available)
        wanted = self._exploration_share(query) * length
        if wanted <= 0:
            return {}
        if self._cold is None:
            self._cold = np.flatnonzero(self._is_cold())
        now = query.now or self._newest
        created = self._created.rows[self._cold]
        cold = self._cold[(created == 0) | (created >= now - query.explored_age_days * SECONDS_PER_DAY)]
        seed = zlib.crc32(f"{query.user}|{now // SECONDS_PER_DAY}".encode())
        chance = seed / 2**32
        # 1.5 new items means one, and a second one in half of the cases.
        slots = min(int(wanted + chance), cold.size)
        first = -(-length // FIRST_EXPLORED)
        slots = min(slots, length - first)
        if slots < 1:
            return {}
        preference = scores[cold]
        preference /= max(float(preference.max()), 1e-9)
        preference += np.float32(RANDOM_SHARE) * _hash_to_unit(cold, seed)
        chosen = cold[top_k(preference, slots)].tolist()
        step = (length - first) / slots
        return {first + int((number + chance) * step): item for number, item in enumerate(chosen)}


def _insert_explored(ranked: list[int], explored: Mapping[int, int], count: int) -> list[int]:
    """Insert explored items at their positions among the others."""
    others = iter(ranked)
    merged: list[int] = []
    for place in range(min(count, len(ranked) + len(explored))):
        item = explored.get(place)
        merged.append(next(others) if item is None else item)
    return merged


def _hash_to_unit(places: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """Hash positions and a seed to pseudo-random numbers from 0 to 1."""
    mixed = (places.astype(np.uint32) + np.uint32(seed)) * np.uint32(SCATTER)  # all of it modulo 2**32
    mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(SCATTER)
    return mixed.astype(np.float32) * np.float32(2.0**-32)
