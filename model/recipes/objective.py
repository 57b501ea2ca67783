"""The optimization objective: a numeric item column, such as margin or film length, balanced against relevance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model.arrays.growable import GrowableRows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from model.datasets.catalogue import Catalogue
    from model.datasets.training_data import TrainingData

# Share by which the highest value raises a score, and the lowest lowers it (developer guide, "Optimizing a solution for
# an additional objective": OFF ignores the objective).
STRENGTH = {"OFF": 0.0, "LOW": 0.15, "MEDIUM": 0.3, "HIGH": 0.6}


class Objective:
    """A factor per item, from 1 - strength (lowest value) to 1 + strength (highest); 1 where there is none."""

    def __init__(self, column: str, strength: float, sorted_values: NDArray[np.float64], factors: GrowableRows) -> None:
        self.column = column
        self.strength = strength
        self._sorted = sorted_values
        self._factors = factors

    @classmethod
    def fit(cls, item_ids: list[str], data: TrainingData) -> Objective | None:
        """Read the objective of a solution; None where it has none."""
        configured = data.solution.get("optimizationObjective") or {}
        column = str(configured.get("itemAttribute") or "")
        strength = STRENGTH[str(configured.get("objectiveSensitivity") or "OFF")]
        values = numbers_of(column, item_ids, data.catalogue)
        if strength == 0 or values is None:
            return None
        ordered = np.sort(values[~np.isnan(values)])
        objective = cls(column, strength, ordered, GrowableRows(np.empty(0, np.float32)))
        objective._factors = GrowableRows(objective._factors_of(values))
        return objective

    @property
    def factors(self) -> NDArray[np.float32]:
        """The factors by which scores are multiplied: float32 array of shape (items,)."""
        return self._factors.rows

    def put(self, place: int, numbers: Mapping[str, float]) -> None:
        """Add a new item (at the next position), or update one that has changed."""
        factor = self._factors_of(np.array([numbers.get(self.column, np.nan)], np.float64))[0]
        if place == len(self._factors):
            self._factors.append(factor)
        else:
            self._factors.rows[place] = factor

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to be saved, by name."""
        return {"objective_values": self._sorted, "objective_factors": self.factors}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> Objective:
        """Restore an objective from its saved arrays, and a document with column and strength."""
        factors = GrowableRows(arrays["objective_factors"])
        return cls(document["column"], document["strength"], arrays["objective_values"], factors)

    def _factors_of(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Convert values to factors by their rank, so that one outlier does not make all others equal."""
        lower = np.searchsorted(self._sorted, values, "left") + np.searchsorted(self._sorted, values, "right")
        rank = lower / max(1, 2 * self._sorted.size)
        factors = np.where(np.isnan(values), 1.0, 1.0 + self.strength * (2.0 * rank - 1.0))
        return factors.astype(np.float32)


def numbers_of(column: str, item_ids: list[str], catalogue: Catalogue) -> NDArray[np.float64] | None:
    """Return a numeric column in the order of a recipe's items: float64 array of shape (items,).

    NaN where an item has no value; None where the catalogue has no such column.
    """
    if column not in catalogue.numbers:
        return None
    by_item = dict(zip(catalogue.item_ids, catalogue.numbers[column], strict=True))
    return np.array([by_item.get(item, np.nan) for item in item_ids], np.float64)
