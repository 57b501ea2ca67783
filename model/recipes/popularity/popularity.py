"""Popular items: items ranked by their number of different users, the same for every user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from model.arrays.growable import GrowableRows
from model.arrays.model_files import read_model, write_model
from model.datasets.catalogue import CatalogueItem
from model.recipes.recipe import Contribution, Event, Query, Recipe, sort_contributions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions
    from model.datasets.training_data import TrainingData

# Users: the most that recency adds to a count. Half, since float32 counts of millions have no finer steps.
MAX_RECENCY = 0.5


def count_users(interactions: Interactions) -> NDArray[np.float32]:
    """Return the number of different users who interacted with each item: float32 array of shape (items,)."""
    _, items = interactions.unique_pairs()
    return np.bincount(items, minlength=len(interactions.item_ids)).astype(np.float32)


class UserCounts:
    """The number of different users of each item, and the time of its latest interaction."""

    def __init__(self, users: NDArray[np.float32], latest: NDArray[np.int64]) -> None:
        self.users = GrowableRows(users)
        self._latest = GrowableRows(latest)

    @classmethod
    def fit(cls, interactions: Interactions, without_interactions: int = 0) -> Self:
        """Count the users of each item; items without interactions come after the others."""
        latest = np.zeros(len(interactions.item_ids) + without_interactions, np.int64)
        np.maximum.at(latest, interactions.items, interactions.times)
        return cls(np.pad(count_users(interactions), (0, without_interactions)), latest)

    def recency(self) -> NDArray[np.float32]:
        """Return how recent each item's latest interaction is: 0 to `MAX_RECENCY`, less than one more user adds."""
        has_users, latest = self.users.rows > 0, self._latest.rows
        newest = latest.max(initial=0)
        oldest = latest.min(where=has_users, initial=newest)
        return np.where(has_users, (latest - oldest) * (MAX_RECENCY / max(1, newest - oldest)), 0).astype(np.float32)

    def ranking(self) -> NDArray[np.float32]:
        """Return users plus recency, so that of items with equally many users the most recent one ranks higher."""
        result: NDArray[np.float32] = self.users.rows + self.recency()
        return result

    def update(self, place: int, event: Event) -> None:
        """Count one interaction with an item."""
        self._latest.rows[place] = max(self._latest.rows[place], event.time)
        if event.first:
            self.users.rows[place] += 1

    def add(self) -> None:
        """Append an item without interactions."""
        self.users.append(0.0)
        self._latest.append(0)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to be saved, by name."""
        return {"people": self.users.rows, "latest": self._latest.rows}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Restore counts from their saved arrays."""
        return cls(arrays["people"], arrays["latest"])


class Popularity(Recipe):
    """Items by unique users, without scores (developer guide, "Popularity-Count recipe").

    Of items with equally many users, the one with the latest interaction comes first. Items of the catalogue without
    interactions come last; they fill a list where a filter leaves few others.
    """

    def __init__(self, item_ids: list[str], counts: UserCounts) -> None:
        self.item_ids = item_ids
        self._counts = counts
        self.item_of = {item: place for place, item in enumerate(item_ids)}

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: ARG003, D102 - nothing to tune
        recipe = cls(list(data.interactions.item_ids), UserCounts.fit(data.interactions))
        for item in data.catalogue.item_ids:
            recipe.add_item(CatalogueItem(item))
        return recipe

    def score(self, query: Query) -> NDArray[np.float32]:  # noqa: ARG002, D102 - the same for all users
        return self._counts.ranking()

    def explain_all(self, query: Query, item_ids: Sequence[str]) -> list[list[Contribution]]:  # noqa: ARG002, D102 - the same for all users
        places = [self.item_of[item] for item in item_ids]
        parts = np.stack([self._counts.users.rows[places], self._counts.recency()[places]], axis=1)
        return sort_contributions(("people", "recency"), parts)

    def update(self, event: Event) -> None:  # noqa: D102
        place = self.item_of.get(event.item_id)
        if place is not None and self.uses_event_type(event.event_type):
            self._counts.update(place, event)

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        if self.item_of.setdefault(item.item_id, len(self.item_ids)) == len(self.item_ids):
            self.item_ids.append(item.item_id)
            self._counts.add()

    def save(self, directory: Path) -> None:  # noqa: D102
        write_model(directory, self._counts.arrays(), {"item_ids": self.item_ids})

    @classmethod
    def load(cls, directory: Path) -> Self:  # noqa: D102
        arrays, document = read_model(directory)
        return cls(document["item_ids"], UserCounts.from_arrays(arrays))
