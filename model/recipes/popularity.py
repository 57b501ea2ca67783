"""Popular items: the number of different people who touched each, and nothing of the one who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from model.recipes.growing import GrowingRows
from model.recipes.model_files import read_model, write_model
from model.recipes.recipe import CatalogueItem, Contribution, Event, Query, Recipe, TrainingData, largest_first

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from model.recipes.interactions import Interactions

MOST_RECENCY = 0.5  # people


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

    Of those that as many people touched, the one that was touched last comes first.

    An item of the catalogue that nobody has touched comes last, which matters where a filter leaves few others.
    """

    def __init__(self, item_ids: list[str], counts: NDArray[np.float32], latest: NDArray[np.int64]) -> None:
        self.item_ids = item_ids
        self._counts = GrowingRows(counts)
        self._latest = GrowingRows(latest)
        self._item_of = {item: place for place, item in enumerate(item_ids)}

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: ARG003, D102 - nothing to tune
        known = data.interactions
        latest = np.zeros(len(known.item_ids), np.int64)
        np.maximum.at(latest, known.items, known.times)
        recipe = cls(list(known.item_ids), count_people(known), latest)
        for item in data.catalogue.item_ids:
            recipe.add_item(CatalogueItem(item))
        return recipe

    def score(self, query: Query) -> NDArray[np.float32]:  # noqa: ARG002, D102 - the same for all
        return self._counts.rows + self._recency()

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:  # noqa: ARG002, D102 - the same for all
        places = [self._item_of[item] for item in item_ids]
        return largest_first(
            ("people", "recency"), np.stack([self._counts.rows[places], self._recency()[places]], axis=1)
        )

    def update(self, event: Event) -> None:  # noqa: D102
        place = self._item_of.get(event.item_id)
        if place is None or not self.learns_of(event.event_type):
            return
        self._latest.rows[place] = max(self._latest.rows[place], event.time)
        if event.first:
            self._counts.rows[place] += 1

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        if self._item_of.setdefault(item.item_id, len(self.item_ids)) == len(self.item_ids):
            self.item_ids.append(item.item_id)
            self._counts.append(0.0)
            self._latest.append(0)

    def save(self, directory: Path) -> None:  # noqa: D102
        arrays = {"counts": self._counts.rows, "latest": self._latest.rows}
        write_model(directory, arrays, {"item_ids": self.item_ids})

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        return cls(document["item_ids"], arrays["counts"], arrays["latest"])

    def _recency(self) -> NDArray[np.float32]:
        """Return how late items were touched, less than what one more person counts."""
        touched = self._counts.rows > 0
        latest = self._latest.rows
        oldest, newest = latest.min(where=touched, initial=latest.max(initial=0)), latest.max(initial=0)
        late = (latest - oldest) * (MOST_RECENCY / max(1, newest - oldest))
        return np.where(touched, late, 0).astype(np.float32)
