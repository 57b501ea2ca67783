"""What follows what: decayed, windowed co-occurrence of items in each user's sequence (`steps` counts it).

Each item keeps its closest neighbours, and what users do after training is added on top.
"""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from model.arrays.growable import GrowableRows
from model.recipes.item_to_item.transition_counts import (
    NEAR,
    TransitionSettings,
    compare,
    count_transitions,
    keep_top_per_row,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

KEPT_PER_ITEM = 200  # neighbours
LIVE_WINDOW = 5  # steps looked back for a live event
LIVE_KEPT_PER_ITEM = 64  # live neighbours per item, so that memory stays bounded between trainings


class Transitions:
    """A sparse matrix from each item to its neighbours, with live additions on top."""

    def __init__(
        self,
        starts: NDArray[np.int64],
        neighbours: NDArray[np.int32],
        closeness: NDArray[np.float32],
        counts: NDArray[np.float32],
        steps: TransitionSettings = NEAR,
    ) -> None:
        self._starts = starts
        self._neighbours = neighbours
        self._closeness = closeness
        self._counts = GrowableRows(counts)
        self.steps = steps
        self._live: dict[int, dict[int, float]] = {}

    @classmethod
    def fit(cls, interactions: Interactions, steps: TransitionSettings = NEAR, least: int = 0) -> Transitions:
        """Count which items follow which.

        Parameters
        ----------
        least : int
            How often two items must have met within the window to be neighbours.
        """
        size = len(interactions.item_ids)
        counts = np.bincount(interactions.items, weights=interactions.weights, minlength=size).astype(np.float32)
        counted = count_transitions(interactions, steps)
        if least > 1:
            each = replace(steps, decay=1.0, reverse=1.0)
            met = count_transitions(interactions, each, np.ones_like(interactions.weights))
            counted = counted.multiply(met >= least).tocsr()
        closest = keep_top_per_row(compare(counted, counts, steps), KEPT_PER_ITEM)
        return cls(closest.indptr.astype(np.int64), closest.indices.astype(np.int32), closest.data, counts, steps)

    def add(self) -> None:
        """Make room for one more item, which nobody has touched."""
        self._counts.append(0.0)

    def neighbours(self, item: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return an item's neighbours with their closeness, best first.

        Returns
        -------
        items, closeness : arrays of equal length
        """
        items, closeness = self._fitted(item)
        live = self._live.get(item)
        if not live:
            order = np.lexsort((items, -closeness))
            return items[order], closeness[order]
        total = dict(zip(items.tolist(), closeness.tolist(), strict=True))
        for other, weight in live.items():
            total[other] = total.get(other, 0.0) + self._comparable(item, other, weight)
        ranked = sorted(total, key=lambda other: (-total[other], other))
        return np.array(ranked, np.int32), np.array([total[other] for other in ranked], np.float32)

    def add_scores(self, history: Sequence[int], scores: NDArray[np.float32], decay: float | None = None) -> None:
        """Add to `scores` how much the newest items of a history lead to each item.

        Parameters
        ----------
        history : sequence of int
            Newest first.
        scores : float32 array of shape (items,)
            Changed in place.
        decay : float, optional
            Of an item's vote against that of the next newer one; as the steps say where it is missing.
        """
        weight = 1.0
        reached, votes = [self._neighbours[:0]], [self._closeness[:0]]
        for item in history[: self.steps.query_length]:
            items, closeness = self._fitted(item)
            reached.append(items)
            votes.append(np.float32(weight) * closeness)
            for other, live in self._live.get(item, {}).items():
                scores[other] += weight * self._comparable(item, other, live)
            weight *= self.steps.query_decay if decay is None else decay
        np.add.at(
            scores, np.concatenate(reached), np.concatenate(votes)
        )  # all at once: a call each takes twice as long

    def contributions(
        self, history: Sequence[int], items: NDArray[np.int64], decay: float | None = None
    ) -> NDArray[np.float32]:
        """Return what each item of a history adds to the scores of some items: `add_scores`, not yet summed.

        Parameters
        ----------
        items : int64 array of shape (n,)
        decay : float, optional

        Returns
        -------
        float32 array of shape (items of the history, n)
            0 for those of the history that no longer count.
        """
        voters = history[: self.steps.query_length]
        fitted = [self._fitted(voter) for voter in voters]
        neighbours = np.concatenate([self._neighbours[:0], *(one for one, _ in fitted)])
        closeness = np.concatenate([self._closeness[:0], *(one for _, one in fitted)])
        rows = np.repeat(np.arange(len(voters)), [one.size for one, _ in fitted])
        found = np.zeros((len(history), items.size), np.float32)
        hits, columns = np.nonzero(neighbours[:, None] == items)
        found[rows[hits], columns] = closeness[hits]
        weight = 1.0
        for place, voter in enumerate(voters):
            live = self._live.get(voter)
            if live:
                found[place] += [self._comparable(voter, one, live.get(one, 0.0)) for one in items.tolist()]
            found[place] *= np.float32(weight)
            weight *= self.steps.query_decay if decay is None else decay
        return found

    def update(self, item: int, previous: Sequence[int]) -> None:
        """Take into account that a user came to `item` after `previous` (newest first)."""
        self._counts.rows[item] += 1
        weight = 1.0
        for other in previous[: min(LIVE_WINDOW, self.steps.window)]:
            if other != item or self.steps.itself:
                self._add(other, item, weight)
                if self.steps.reverse:
                    self._add(item, other, self.steps.reverse * weight)
            weight *= self.steps.decay

    def arrays(self, prefix: str = "transition") -> dict[str, NDArray[Any]]:
        """Return the fitted part, by name.

        Parameters
        ----------
        prefix : str
            Of the names.
        """
        return {
            f"{prefix}_starts": self._starts,
            f"{prefix}_neighbours": self._neighbours,
            f"{prefix}_closeness": self._closeness,
            f"{prefix}_counts": self._counts.rows[: self.size],
            f"{prefix}_steps": np.array(astuple(self.steps), np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str = "transition") -> Transitions:
        """Make transitions of what `arrays` returned."""
        window, decay, reverse, exponent, shrinkage, query_decay, length, itself = arrays[f"{prefix}_steps"].tolist()
        steps = TransitionSettings(
            int(window), decay, reverse, exponent, shrinkage, query_decay, int(length), bool(itself)
        )
        starts, neighbours, closeness, counts = (
            arrays[f"{prefix}_{part}"] for part in ("starts", "neighbours", "closeness", "counts")
        )
        return cls(starts, neighbours, closeness, counts, steps)

    @property
    def size(self) -> int:
        """How many items there were at training."""
        return self._starts.size - 1

    def matrix(self) -> sparse.csr_matrix:
        """Return the fitted part as a sparse matrix of closeness from items (rows) to items (columns).

        Returns
        -------
        sparse float32 matrix of shape (items at training, items at training)
        """
        parts = (self._closeness, self._neighbours, self._starts)
        return sparse.csr_matrix(parts, shape=(self.size, self.size))

    def _fitted(self, item: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        if item + 1 >= self._starts.size:  # it came after training
            return self._neighbours[:0], self._closeness[:0]
        begin, end = self._starts[item], self._starts[item + 1]
        return self._neighbours[begin:end], self._closeness[begin:end]

    def _comparable(self, item: int, other: int, weight: float) -> float:
        here, there = float(self._counts.rows[item]), float(self._counts.rows[other])
        exponent = self.steps.exponent
        return weight / (float(here ** (1 - exponent) * there**exponent) + self.steps.shrinkage)

    def _add(self, item: int, other: int, weight: float) -> None:
        row = self._live.setdefault(item, {})
        row[other] = row.get(other, 0.0) + weight
        if len(row) > LIVE_KEPT_PER_ITEM:
            ranked = sorted(row, key=lambda one: (-row[one], one))
            self._live[item] = {one: row[one] for one in ranked[: LIVE_KEPT_PER_ITEM // 2]}
