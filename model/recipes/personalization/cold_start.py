"""The legacy cold-start recipe: a fixed share of each list goes to new items with few interactions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from model.arrays.growable import GrowableRows
from model.recipes.personalization.user_personalization import UserPersonalization
from model.recipes.recipe import Query, UnsuitableDataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from model.datasets.catalogue import CatalogueItem
    from model.datasets.training_data import TrainingData
    from model.recipes.personalization.candidates import Scored
    from model.recipes.personalization.user_scorer import UserScorer

MAX_INTERACTIONS, MAX_DAYS, RELATIVE_FROM = (
    "cold_start_max_interactions",
    "cold_start_max_duration",
    "cold_start_relative_from",
)
DEFAULTS = {MAX_INTERACTIONS: "15", MAX_DAYS: "5.0", RELATIVE_FROM: "latestItem"}
STARTS = ("currentTime", "latestItem")
MIN_COLD, MAX_COLD = 100, 80_000  # cold items (developer guide, "HRNN-Coldstart recipe")
COLD_SHARE = 0.4  # of a list
SECONDS_PER_DAY = 86400


class ColdStart(UserPersonalization):
    """User personalization with its own definition of cold items."""

    def __init__(self, scorer: UserScorer, created: NDArray[np.int64], newest: int, cold: NDArray[np.bool_]) -> None:
        super().__init__(scorer, created, newest)
        added = np.zeros(len(self.item_ids) - cold.size, np.bool_)
        self._few_interactions = GrowableRows(np.concatenate([cold, added]))

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: D102
        cold = _cold_items(data)
        if not MIN_COLD <= int(cold.sum()) <= MAX_COLD:
            raise UnsuitableDataError(
                f"there are {int(cold.sum())} cold items; the recipe needs from {MIN_COLD} to {MAX_COLD}: "
                f"change {MAX_INTERACTIONS} or {MAX_DAYS}"
            )
        fitted = UserPersonalization.fit(data, tuned)
        return cls(fitted._scorer, fitted._created.rows, fitted._newest, cold)  # noqa: SLF001 - of the same class

    def add_item(self, item: CatalogueItem) -> None:  # noqa: D102
        super().add_item(item)
        if len(self._few_interactions) < len(self.item_ids):
            self._few_interactions.append(False)

    def _exploration_share(self, query: Query) -> float:  # noqa: ARG002 - the same for all queries
        return COLD_SHARE

    def _is_cold(self, scored: Scored | None = None) -> NDArray[np.bool_]:
        few = self._few_interactions.rows
        is_cold: NDArray[np.bool_] = super()._is_cold(scored) | (few if scored is None else scored.of_all(few))
        return is_cold

    def _own_document(self) -> dict[str, Any]:
        return {**super()._own_document(), "cold": np.flatnonzero(self._few_interactions.rows).tolist()}

    @classmethod
    def _from_document(
        cls, scorer: UserScorer, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> Self:
        cold = np.zeros(len(document["item_ids"]), np.bool_)
        cold[document["cold"]] = True
        return cls(scorer, arrays["created"], document["newest"], cold)


def _cold_items(data: TrainingData) -> NDArray[np.bool_]:
    """Return which items of the interactions are new and have few interactions."""
    stated = {**DEFAULTS, **data.parameters}
    known = data.interactions
    size = len(known.item_ids)
    count = np.bincount(known.items, minlength=size)
    first = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(first, known.items, known.times)
    # An item all of whose interactions are held out has no first interaction; it is cold as well.
    latest = int(first[count > 0].max(initial=0))
    start = latest if stated[RELATIVE_FROM] == STARTS[1] else int(time.time())
    days = (start - first) / SECONDS_PER_DAY
    result: NDArray[np.bool_] = (count <= int(float(stated[MAX_INTERACTIONS]))) & (days <= float(stated[MAX_DAYS]))
    return result
