"""Transitions between items: the strongest neighbours of each item, with live updates on top."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from model.arrays.decay import decay_weights
from model.arrays.growable import GrowableRows
from model.arrays.sparse_rows import SparseRows
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
        self._rows = SparseRows(starts, neighbours, similarity)
        self._neighbours = neighbours
        self._similarity = similarity
        self._counts = GrowableRows(counts)
        self.settings = settings
        self._live: dict[int, dict[int, float]] = {}
        self._live_rows: dict[int, tuple[NDArray[np.int64], NDArray[np.float32]]] = {}  # of those that were asked for

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

    def reach(
        self, history: Sequence[int], decay: float | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the transition scores from the newest items of a history, before summing.

        Parameters
        ----------
        history : sequence of int
            Newest first.
        decay : float, optional
            Of an item's weight relative to that of the next newer one; by default, that of the settings.

        Returns
        -------
        items, scores
            Of shape (transitions,); an item may occur several times, and its score is the sum.
        """
        sources = list(history[: self.settings.query_length])
        weights = decay_weights(len(sources), self.settings.query_decay if decay is None else decay)
        items, scores = self._rows.weighted(sources, weights)
        if self._live.keys().isdisjoint(sources):
            return items, scores
        live_items, live_scores = self._reach_live(sources, weights)
        return np.concatenate([items, live_items]), np.concatenate([scores, live_scores])

    def add_scores(self, history: Sequence[int], scores: NDArray[np.float32], decay: float | None = None) -> None:
        """Add the sums of `reach` to `scores`, a float32 array of shape (items,), in place."""
        np.add.at(scores, *self.reach(history, decay))  # all at once: a call each takes twice as long

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
        """Count that a user interacted with `item` after `previous` (newest first).

        Without an order, the event counts once, divided among the previous items.
        """
        self._counts.rows[item] += 1
        previous = previous[: min(LIVE_WINDOW, self.settings.window)]
        weight = 1.0 if self.settings.decay < 1 else 1.0 / max(1, len(previous))
        for other in previous:
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

    def usual_highest(self) -> float:
        """Return the median, over the items that have neighbours, of the similarity of the most similar one."""
        lengths = np.diff(self._starts)
        highest = np.maximum.reduceat(self._similarity, self._starts[:-1][lengths > 0]) if lengths.any() else [0.0]
        return float(np.median(highest))

    def matrix(self) -> sparse.csr_matrix:
        """Return the fitted part as a sparse square matrix from items at training (rows) to items (columns)."""
        parts = (self._similarity, self._neighbours, self._starts)
        return sparse.csr_matrix(parts, shape=(self.size, self.size))

    def _fitted(self, item: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        if item + 1 >= self._starts.size:  # it came after training
            return self._neighbours[:0], self._similarity[:0]
        begin, end = self._starts[item], self._starts[item + 1]
        return self._neighbours[begin:end], self._similarity[begin:end]

    def _reach_live(
        self, sources: list[int], weights: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the transitions from some items that were observed since training, in the form of `reach`."""
        known = [
            (source, weight) for source, weight in zip(sources, weights.tolist(), strict=True) if source in self._live
        ]
        rows = [self._live_row(source) for source, _ in known]
        lengths = [row[0].size for row in rows]
        items, scores = (np.concatenate(column) for column in zip(*rows, strict=True))
        counts, exponent = self._counts.rows, np.float32(self.settings.exponent)
        expected = np.repeat(counts[[source for source, _ in known]] ** (1 - exponent), lengths)
        expected *= counts[items] ** exponent
        expected += np.float32(self.settings.shrinkage)
        factors = np.repeat(np.array([weight for _, weight in known], np.float32), lengths)
        return items, scores * factors / expected

    def _live_row(self, item: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the items that followed an item since training, and the weights of these transitions."""
        row = self._live_rows.get(item)
        if row is None:
            live = self._live[item]
            row = np.fromiter(live.keys(), np.int64, len(live)), np.fromiter(live.values(), np.float32, len(live))
            self._live_rows[item] = row
        return row

    def _comparable(self, item: int, other: int, weight: float) -> float:
        here, there = float(self._counts.rows[item]), float(self._counts.rows[other])
        exponent = self.settings.exponent
        return weight / (float(here ** (1 - exponent) * there**exponent) + self.settings.shrinkage)

    def _add(self, item: int, other: int, weight: float) -> None:
        row = self._live.setdefault(item, {})
        self._live_rows.pop(item, None)
        row[other] = row.get(other, 0.0) + weight
        if len(row) > LIVE_KEPT_PER_ITEM:
            ranked = sorted(row, key=lambda key: (-row[key], key))
            self._live[item] = {key: row[key] for key in ranked[: LIVE_KEPT_PER_ITEM // 2]}
