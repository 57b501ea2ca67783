"""Personalized ranking: the user scorer over a given list of items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from model.arrays.model_files import read_model, write_model
from model.arrays.top_k import NEVER, softmax, top_k
from model.recipes.personalization.blending import choose_weights
from model.recipes.personalization.score_parts import reasons_of
from model.recipes.personalization.user_scorer import SHARPNESS, UserScorer
from model.recipes.recipe import Contribution, Event, Query, Recipe, Recommendation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from model.datasets.catalogue import CatalogueItem
    from model.datasets.training_data import TrainingData


class PersonalizedRanking(Recipe):
    """Reranks a list by the user's scores, which sum to one; items without interactions come last, in the given order.

    Items of the history are not scored lower here, since the caller has chosen the list. `recommend` ranks the whole
    catalogue, which is how the recipe is evaluated on a hold-out.
    """

    def __init__(self, scorer: UserScorer) -> None:
        self._scorer = scorer
        self.item_ids, self.item_of = scorer.item_ids, scorer.item_of
        self.repeats = scorer.repeats

    @classmethod
    def tune(cls, data: TrainingData) -> dict[str, float]:  # noqa: D102
        return choose_weights(data)

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: D102
        return cls(UserScorer.fit(data, tuned))

    def score(self, query: Query) -> NDArray[np.float32]:  # noqa: D102
        return self._scorer.score(query, self._scorer.positions_of(query.history))

    def recommend(self, query: Query, count: int) -> list[Recommendation]:  # noqa: D102
        scores, parts = self._scorer.score_with_parts(query, self._scorer.positions_of(query.history))
        if query.allowed is not None:
            scores[~query.allowed] = NEVER
        places = top_k(scores, count).tolist()
        reasons = reasons_of(parts, self._scorer.weights, places)
        return [
            Recommendation(self.item_ids[place], None, reason) for place, reason in zip(places, reasons, strict=True)
        ]

    def rank(self, query: Query, item_ids: Sequence[str]) -> list[Recommendation]:
        """Sort the given items by the user's scores, each once; `query.allowed` is ignored.

        Items without interactions come last, without a score.
        """
        distinct = list(dict.fromkeys(item_ids))
        places = [self._scorer.item_of.get(item, -1) for item in distinct]
        users = self._scorer.users
        with_users = [place for place in places if place >= 0 and users[place] > 0]
        scored = set(with_users)
        without_users = [
            Recommendation(item) for item, place in zip(distinct, places, strict=True) if place not in scored
        ]
        if not with_users:
            return without_users
        scores, parts = self._scorer.score_with_parts(query, self._scorer.positions_of(query.history))
        shares = softmax(scores[with_users] * np.float32(SHARPNESS))
        order = top_k(shares, len(with_users))
        ranked = np.array(with_users)[order].tolist()
        reasons = reasons_of(parts, self._scorer.weights, ranked)
        return [
            Recommendation(self.item_ids[item], share, reason)
            for item, share, reason in zip(ranked, shares[order].tolist(), reasons, strict=True)
        ] + without_users

    def training_facts(self) -> dict[str, float]:  # noqa: D102
        return self._scorer.training_facts()

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:  # noqa: D102
        history = self._scorer.positions_of(query.history)
        return self._scorer.explain_all(query, history, [self._scorer.item_of[item] for item in item_ids])

    def update(self, event: Event) -> None:  # noqa: D102
        self._scorer.update(event)

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        self._scorer.put(item)

    def save(self, directory: Path) -> None:  # noqa: D102
        write_model(directory, self._scorer.arrays(), self._scorer.document())

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        return cls(UserScorer.from_arrays(arrays, document))
