"""Popular items: the number of different people who touched each, and nothing of the one who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from model.recipes.model_files import read_model, write_model
from model.recipes.recipe import Event, Query, Recipe, Recommendation, TrainingData, best

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from model.recipes.interactions import Interactions


def count_people(interactions: Interactions) -> NDArray[np.float32]:
    """Return how many different people touched each item.

    Parameters
    ----------
    interactions : Interactions

    Returns
    -------
    float32 array of shape (items,)
    """
    _, items = interactions.unique_pairs()
    return np.bincount(items, minlength=len(interactions.item_ids)).astype(np.float32)


class Popularity(Recipe):
    """Items by unique people, without scores (developer guide, "Popularity-Count recipe")."""

    def __init__(self, item_ids: list[str], counts: NDArray[np.float32]) -> None:
        self._item_ids = item_ids
        self._counts = counts
        self._item_of = {item: place for place, item in enumerate(item_ids)}

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: ARG003, D102 - nothing to tune
        return cls(data.interactions.item_ids, count_people(data.interactions))

    def recommend(self, query: Query, count: int) -> list[Recommendation]:  # noqa: ARG002, D102 - the same for all
        return [Recommendation(self._item_ids[place]) for place in best(self._counts, count).tolist()]

    def update(self, event: Event) -> None:  # noqa: D102
        place = self._item_of.get(event.item_id)
        if place is not None and event.first:
            self._counts[place] += 1

    def save(self, directory: Path) -> None:  # noqa: D102
        write_model(directory, {"counts": self._counts}, {"item_ids": self._item_ids})

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        return cls(document["item_ids"], arrays["counts"])
