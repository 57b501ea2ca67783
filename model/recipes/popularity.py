"""Popular items: the number of different people who touched each, and nothing of the one who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from model.recipes.growing import GrowingRows
from model.recipes.model_files import read_model, write_model
from model.recipes.recipe import CatalogueItem, Contribution, Event, Query, Recipe, TrainingData

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
    """Items by unique people, without scores (developer guide, "Popularity-Count recipe").

    An item of the catalogue that nobody has touched comes last, which matters where a filter leaves few others.
    """

    def __init__(self, item_ids: list[str], counts: NDArray[np.float32]) -> None:
        self.item_ids = item_ids
        self._counts = GrowingRows(counts)
        self._item_of = {item: place for place, item in enumerate(item_ids)}

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: ARG003, D102 - nothing to tune
        counts = count_people(data.interactions)
        recipe = cls(list(data.interactions.item_ids), counts)
        for item in data.catalogue.item_ids:
            recipe.add_item(CatalogueItem(item))
        return recipe

    def score(self, query: Query) -> NDArray[np.float32]:  # noqa: ARG002, D102 - the same for all
        return self._counts.rows.copy()

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:  # noqa: ARG002, D102 - the same for all
        counts = self._counts.rows[[self._item_of[item] for item in item_ids]].tolist()
        return [[Contribution("people", count)] for count in counts]

    def update(self, event: Event) -> None:  # noqa: D102
        place = self._item_of.get(event.item_id)
        if place is not None and event.first and self.learns_of(event.event_type):
            self._counts.rows[place] += 1

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        if self._item_of.setdefault(item.item_id, len(self.item_ids)) == len(self.item_ids):
            self.item_ids.append(item.item_id)
            self._counts.append(0.0)

    def save(self, directory: Path) -> None:  # noqa: D102
        write_model(directory, {"counts": self._counts.rows}, {"item_ids": self.item_ids})

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        return cls(document["item_ids"], arrays["counts"])
