"""The legacy recipe for those who add items often: items that are new and little touched get a good part of a list."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from model.recipes.personalization.user_personalization import UserPersonalization
from model.recipes.recipe import Query, UnsuitableDataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from model.datasets.training_data import TrainingData
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
    """User personalization with a definition of its own of what is new."""

    def __init__(self, scorer: UserScorer, created: NDArray[np.int64], newest: int, cold: NDArray[np.bool_]) -> None:
        super().__init__(scorer, created, newest)
        self._few_interactions = cold

    @classmethod
    def fit(cls, data: TrainingData, tuned: Mapping[str, float]) -> Self:  # noqa: D102
        cold = _cold_items(data)
        if not MIN_COLD <= int(cold.sum()) <= MAX_COLD:
            raise UnsuitableDataError(
                f"there are {int(cold.sum())} cold items; the recipe needs from {MIN_COLD} to {MAX_COLD}: "
                f"change {MAX_INTERACTIONS} or {MAX_DAYS}"
            )
        fitted = UserPersonalization.fit(data, tuned)
        return cls(fitted._scorer, fitted._created.rows, fitted._newest, cold)  # noqa: SLF001 - its own parts

    def _exploration_share(self, query: Query) -> float:  # noqa: ARG002 - the same for all
        return COLD_SHARE

    def _is_cold(self) -> NDArray[np.bool_]:
        untouched = super()._is_cold()
        untouched[: self._few_interactions.size] |= self._few_interactions
        return untouched

    def _own_document(self) -> dict[str, Any]:
        return {**super()._own_document(), "cold": np.flatnonzero(self._few_interactions).tolist()}

    @classmethod
    def _from_document(
        cls, scorer: UserScorer, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> Self:
        cold = np.zeros(len(document["item_ids"]), np.bool_)
        cold[document["cold"]] = True
        return cls(scorer, arrays["created"], document["newest"], cold)


def _cold_items(data: TrainingData) -> NDArray[np.bool_]:
    """Tell which items of the interactions are new and little touched."""
    stated = {**DEFAULTS, **data.parameters}
    known = data.interactions
    size = len(known.item_ids)
    count = np.bincount(known.items, minlength=size)
    first = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(first, known.items, known.times)
    # An item that nobody has touched since it was split off has no first interaction; it is cold all the same.
    latest = int(first[count > 0].max(initial=0))
    start = latest if stated[RELATIVE_FROM] == STARTS[1] else int(time.time())
    days = (start - first) / SECONDS_PER_DAY
    result: NDArray[np.bool_] = (count <= int(float(stated[MAX_INTERACTIONS]))) & (days <= float(stated[MAX_DAYS]))
    return result
