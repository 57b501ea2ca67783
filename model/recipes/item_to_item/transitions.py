"""Transitions between items: the strongest neighbours of each item, with live updates on top."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from model.arrays.growable import GrowableRows
from model.recipes.item_to_item.transition_counts import (
    NEAR,
    TransitionSettings,
    count_transitions,
    keep_top_per_row,
    normalise_counts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

KEPT_PER_ITEM = 200  # neighbours
LIVE_WINDOW = 5  # previous items that a live event is paired with
LIVE_KEPT_PER_ITEM = 64  # live neighbours per item, so that memory stays bounded between trainings


class Transitions:
    """A sparse matrix from each item to its neighbours, plus the transitions observed since training."""

    def __init__(
        self,
        starts: NDArray[np.int64],
        neighbours: NDArray[np.int32],
        similarity: NDArray[np.float32],
        counts: NDArray[np.float32],
        settings: TransitionSettings = NEAR,
    ) -> None:
        self._starts = starts
        self._neighbours = neighbours
        self._similarity = similarity
        self._counts = GrowableRows(counts)
        self.settings = settings
        self._live: dict[int, dict[int, float]] = {}

    @classmethod
    def fit(cls, interactions: Interactions, settings: TransitionSettings = NEAR, min_count: int = 0) -> Transitions:
        """Count which items follow which; neighbours co-occur at least `min_count` times within the window."""
        size = len(interactions.item_ids)
        counts = np.bincount(interactions.items, weights=interactions.weights, minlength=size).astype(np.float32)
        counted = count_transitions(interactions, settings)
        if min_count > 1:
            each = replace(settings, decay=1.0, reverse=1.0)
            co_occurrences = count_transitions(interactions, each, np.ones_like(interactions.weights))
            counted = counted.multiply(co_occurrences >= min_count).tocsr()
        closest = keep_top_per_row(normalise_counts(counted, counts, settings), KEPT_PER_ITEM)
        return cls(closest.indptr.astype(np.int64), closest.indices.astype(np.int32), closest.data, counts, settings)

    def add(self) -> None:
        """Append an item without interactions."""
        self._counts.append(0.0)

    def neighbours(self, item: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return an item's neighbours with their similarity, the most similar first."""
        items, similarity = self._fitted(item)
        live = self._live.get(item)
        if not live:
            order = np.lexsort((items, -similarity))
            return items[order], similarity[order]
        total = dict(zip(items.tolist(), similarity.tolist(), strict=True))
        for other, weight in live.items():
            total[other] = total.get(other, 0.0) + self._comparable(item, other, weight)
        ranked = sorted(total, key=lambda other: (-total[other], other))
        return np.array(ranked, np.int32), np.array([total[other] for other in ranked], np.float32)

    def add_scores(self, history: Sequence[int], scores: NDArray[np.float32], decay: float | None = None) -> None:
        """Add to `scores` the transition scores from the newest items of a history to each item.

        Parameters
        ----------
        history : sequence of int
            Newest first.
        scores : float32 array of shape (items,)
            Changed in place.
        decay : float, optional
            Of an item's weight relative to that of the next newer one; by default, that of the settings.
        """
        weight = 1.0
        reached, weighted = [self._neighbours[:0]], [self._similarity[:0]]
        for item in history[: self.settings.query_length]:
            items, similarity = self._fitted(item)
            reached.append(items)
            weighted.append(np.float32(weight) * similarity)
            for other, live in self._live.get(item, {}).items():
                scores[other] += weight * self._comparable(item, other, live)
            weight *= self.settings.query_decay if decay is None else decay
        np.add.at(
            scores, np.concatenate(reached), np.concatenate(weighted)
        )  # all at once: a call each takes twice as long

    def contributions(
        self, history: Sequence[int], items: NDArray[np.int64], decay: float | None = None
    ) -> NDArray[np.float32]:
        """Return the contribution of each item of a history to n scores (`add_scores` before summing).

        The shape is (items of the history, n); it is 0 for those of the history that are too old to count.
        """
        sources = history[: self.settings.query_length]
        fitted = [self._fitted(source) for source in sources]
        neighbours = np.concatenate([self._neighbours[:0], *(other for other, _ in fitted)])
        similarity = np.concatenate([self._similarity[:0], *(other for _, other in fitted)])
        rows = np.repeat(np.arange(len(sources)), [other.size for other, _ in fitted])
        contributions = np.zeros((len(history), items.size), np.float32)
        hits, columns = np.nonzero(neighbours[:, None] == items)
        contributions[rows[hits], columns] = similarity[hits]
        weight = 1.0
        for place, source in enumerate(sources):
            live = self._live.get(source)
            if live:
                contributions[place] += [
                    self._comparable(source, other, live.get(other, 0.0)) for other in items.tolist()
                ]
            contributions[place] *= np.float32(weight)
            weight *= self.settings.query_decay if decay is None else decay
        return contributions

    def update(self, item: int, previous: Sequence[int]) -> None:
        """Count that a user interacted with `item` after `previous` (newest first)."""
        self._counts.rows[item] += 1
        weight = 1.0
        for other in previous[: min(LIVE_WINDOW, self.settings.window)]:
            if other != item or self.settings.itself:
                self._add(other, item, weight)
                if self.settings.reverse:
                    self._add(item, other, self.settings.reverse * weight)
            weight *= self.settings.decay

    def arrays(self, prefix: str = "transition") -> dict[str, NDArray[Any]]:
        """Return the fitted part, by name."""
        return {
            f"{prefix}_starts": self._starts,
            f"{prefix}_neighbours": self._neighbours,
            f"{prefix}_closeness": self._similarity,
            f"{prefix}_counts": self._counts.rows[: self.size],
            f"{prefix}_steps": np.array(astuple(self.settings), np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str = "transition") -> Transitions:
        """Restore transitions from their saved arrays."""
        window, decay, reverse, exponent, shrinkage, query_decay, length, itself = arrays[f"{prefix}_steps"].tolist()
        settings = TransitionSettings(
            int(window), decay, reverse, exponent, shrinkage, query_decay, int(length), bool(itself)
        )
        starts, neighbours, similarity, counts = (
            arrays[f"{prefix}_{part}"] for part in ("starts", "neighbours", "closeness", "counts")
        )
        return cls(starts, neighbours, similarity, counts, settings)

    @property
    def size(self) -> int:
        """The number of items at training."""
        return self._starts.size - 1

    def matrix(self) -> sparse.csr_matrix:
        """Return the fitted part as a sparse square matrix from items at training (rows) to items (columns)."""
        parts = (self._similarity, self._neighbours, self._starts)
        return sparse.csr_matrix(parts, shape=(self.size, self.size))

    def _fitted(self, item: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        if item + 1 >= self._starts.size:  # it came after training
            return self._neighbours[:0], self._similarity[:0]
        begin, end = self._starts[item], self._starts[item + 1]
        return self._neighbours[begin:end], self._similarity[begin:end]

    def _comparable(self, item: int, other: int, weight: float) -> float:
        here, there = float(self._counts.rows[item]), float(self._counts.rows[other])
        exponent = self.settings.exponent
        return weight / (float(here ** (1 - exponent) * there**exponent) + self.settings.shrinkage)

    def _add(self, item: int, other: int, weight: float) -> None:
        row = self._live.setdefault(item, {})
        row[other] = row.get(other, 0.0) + weight
        if len(row) > LIVE_KEPT_PER_ITEM:
            ranked = sorted(row, key=lambda key: (-row[key], key))
            self._live[item] = {key: row[key] for key in ranked[: LIVE_KEPT_PER_ITEM // 2]}
