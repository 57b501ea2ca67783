"""A given list in a person's order: the person scorer over the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from model.recipes.model_files import read_model, write_model
from model.recipes.person_scorer import PersonScorer, choose_weights
from model.recipes.recipe import Event, Query, Recipe, Recommendation, TrainingData, best, softmax

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SHARPNESS = 12.0  # by which scores are multiplied before they become shares of one


class PersonalizedRanking(Recipe):
    """The scores of a list sum to one; items without interactions come last, unscored, in the given order.

    What the person has seen is not moved down here: whoever asks has chosen the items.
    """

    def __init__(self, scorer: PersonScorer) -> None:
        self._scorer = scorer

    @classmethod
    def tune(cls, data: TrainingData) -> dict[str, float]:  # noqa: D102
        return choose_weights(data.interactions)

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: D102
        return cls(PersonScorer.fit(data.interactions, tuned))

    def recommend(self, query: Query, count: int) -> list[Recommendation]:
        """Rank the whole catalogue, which is how the recipe is judged on a hold-out."""
        scores = self._scorer.scores(self._scorer.known(query.history))
        return [Recommendation(self._scorer.item_ids[place]) for place in best(scores, count).tolist()]

    def rank(self, query: Query, item_ids: Sequence[str]) -> list[Recommendation]:
        """Put the given items into the person's order.

        Parameters
        ----------
        query : Query
        item_ids : sequence of str

        Returns
        -------
        list of Recommendation
            Each given item once; items that the recipe does not know come last, without a score.
        """
        distinct = list(dict.fromkeys(item_ids))
        known = [item for item in distinct if item in self._scorer.item_of]
        unknown = [Recommendation(item) for item in distinct if item not in self._scorer.item_of]
        if not known:
            return unknown
        scores = self._scorer.scores(self._scorer.known(query.history))
        shares = softmax(scores[[self._scorer.item_of[item] for item in known]] * np.float32(SHARPNESS))
        ranked = [Recommendation(known[place], float(shares[place])) for place in best(shares, len(known)).tolist()]
        return ranked + unknown

    def update(self, event: Event) -> None:  # noqa: D102
        self._scorer.update(event)

    def save(self, directory: Path) -> None:  # noqa: D102
        document = {"item_ids": self._scorer.item_ids, "weights": self._scorer.weights}
        write_model(directory, self._scorer.arrays(), document)

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        return cls(PersonScorer.from_arrays(arrays, document["item_ids"], document["weights"]))
