"""The regression on the items of a history as a part of a user's scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from model.recipes.hold_out import HISTORY_LENGTH
from model.recipes.item_regression.closed_form import DECAY, WINDOW, empty_matrix, sequential_weights, set_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

MAX_ITEMS = 10_000  # of a catalogue; a dense system of more takes too long
# Items that are regressed, the most frequent: time grows with their third power, and the others have few interactions.
REGRESSED_ITEMS = 8_000
MIN_INTERACTIONS = 5  # of an item; fewer do not determine a row of weights
KEPT_PER_ITEM = 100  # weights; keeping all ranks no better
PREFIX = "ridge_"


class ItemRegressionPart:
    """Scores the items that no history has: none below zero, and none of items that are not regressed.

    Parameters
    ----------
    last, earlier : sparse float32 matrices of shape (items at training, items at training)
        The weights of each item (rows) for the others, as the newest item of a history and as any of the newest
        `length`; none below zero.
    decay : float
        Of an item's weight relative to that of the next newer one; 1 where times give no order.
    """

    def __init__(self, last: sparse.csr_matrix, earlier: sparse.csr_matrix, decay: float, length: int) -> None:
        self._last = last
        self._earlier = earlier
        self._decay = decay
        self._length = length

    @classmethod
    def fit(
        cls, known: Interactions, penalty: float, most_items: int, *, in_order: bool, kept: int = KEPT_PER_ITEM
    ) -> ItemRegressionPart:
        """Fit the regression on the items with the most interactions, at most `most_items`.

        Parameters
        ----------
        penalty : float
            In events.
        in_order : bool
            Whether the times of events give an order.
        kept : int
            Weights kept per item.
        """
        counts = np.bincount(known.items, minlength=len(known.item_ids))
        frequent = np.sort(np.argsort(-counts, kind="stable")[:most_items])
        frequent = frequent[counts[frequent] >= MIN_INTERACTIONS]
        is_frequent = np.zeros(counts.size, np.bool_)
        is_frequent[frequent] = True
        among = known.where(is_frequent[known.items]).without_unused()
        if in_order:
            last, earlier = sequential_weights(among, penalty, kept)
        else:
            earlier = set_weights(among, penalty, kept)
            last = empty_matrix(frequent.size)
        decay, length = (DECAY, WINDOW) if in_order else (1.0, HISTORY_LENGTH)
        last, earlier = (_among_all(part, frequent, counts.size) for part in (last, earlier))
        return cls(last, earlier, decay, length)

    def reach(self, history: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the part of the scores for a history, newest first, before summing.

        Returns
        -------
        items, values
            Of shape (n,); an item may occur several times, and its value is the sum.
        """
        rows = self._rows(history)
        if not rows:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        places, weights = (np.concatenate(part) for part in zip(*(row for _, row in rows), strict=True))
        is_other = ~np.isin(places, history)
        return places[is_other].astype(np.int64), weights[is_other]

    def values(self, history: Sequence[int], size: int) -> NDArray[np.float32]:
        """Return the part of the scores of `size` items for a history, newest first: float32 array of shape (size,)."""
        values = np.zeros(size, np.float32)
        np.add.at(values, *self.reach(history))
        return values

    def values_at(self, history: Sequence[int], places: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the values of n items: shape (n,)."""
        size = max(self._earlier.shape[0], int(places.max(initial=0)) + 1)
        return self.values(history, size)[places]

    def contributions(self, history: Sequence[int], items: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the contribution of each item of a history to n values above zero: shape (items of the history, n)."""
        contributions = np.zeros((len(history), items.size), np.float32)
        row = np.zeros(max(self._earlier.shape[0], int(items.max(initial=0)) + 1), np.float32)
        for place, (places, weights) in self._rows(history):
            row[places] = weights
            contributions[place] += row[items]
            row[places] = 0
        return contributions

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to be saved, by name."""
        arrays: dict[str, NDArray[Any]] = {f"{PREFIX}query": np.array([self._decay, self._length], np.float64)}
        for name, matrix in (("last", self._last), ("earlier", self._earlier)):
            for part in ("indptr", "indices", "data"):
                arrays[f"{PREFIX}{name}_{part}"] = getattr(matrix, part)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ItemRegressionPart | None:
        """Restore a part from its saved arrays; None where the model was saved without one."""
        if f"{PREFIX}query" not in arrays:
            return None
        trained = arrays[f"{PREFIX}earlier_indptr"].size - 1
        last, earlier = (
            sparse.csr_matrix(
                tuple(arrays[f"{PREFIX}{name}_{part}"] for part in ("data", "indices", "indptr")), (trained, trained)
            )
            for name in ("last", "earlier")
        )
        decay, length = arrays[f"{PREFIX}query"].tolist()
        return cls(last, earlier, decay, int(length))

    def _rows(self, history: Sequence[int]) -> list[tuple[int, tuple[NDArray[np.int32], NDArray[np.float32]]]]:
        """Return the weighted rows of a history's items, each with its place in the history."""
        starts, is_set = self._earlier.indptr, self._decay == 1.0
        used = [
            place
            for place, item in enumerate(history)
            if item + 1 < starts.size and starts[item] < starts[item + 1] and not (is_set and item in history[:place])
        ][: self._length]
        rows = [
            (place, _weighted_row(self._earlier, history[place], self._decay**age)) for age, place in enumerate(used)
        ]
        return rows + [(place, _weighted_row(self._last, history[place], 1.0)) for place in used[:1]]


def _weighted_row(matrix: sparse.csr_matrix, item: int, weight: float) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    row = slice(matrix.indptr[item], matrix.indptr[item + 1])
    return matrix.indices[row], np.float32(weight) * matrix.data[row]


def _among_all(matrix: sparse.csr_matrix, frequent: NDArray[np.int64], size: int) -> sparse.csr_matrix:
    """Return a matrix between some items as one between all `size` items."""
    lengths = np.zeros(size, np.int64)
    lengths[frequent] = np.diff(matrix.indptr)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_matrix((matrix.data, frequent[matrix.indices], starts), shape=(size, size))
