"""What follows what: decayed, windowed co-occurrence of items in each person's sequence.

An item is close to those that come within a few steps after it, less so with each step, and half as close to
those that come before it. Counts are made comparable by the cosine with shrinkage, so that two rare items that
met once do not look like the best of friends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from model.recipes.growing import GrowingRows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.recipes.interactions import Interactions

WINDOW = 10  # steps within which two items belong together
DECAY = 0.8  # per step
REVERSE = 0.5  # weight of "came before" against "came after"
SHRINKAGE = 5.0  # interactions that an item must have for its cosine to be half believed
KEPT_PER_ITEM = 200  # neighbours
EXPONENT = 0.5  # by which the frequency of the item that is led to is divided: the cosine
QUERY_LENGTH = 10  # newest items of a history that vote
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
        exponent: float = EXPONENT,
    ) -> None:
        self._starts = starts
        self._neighbours = neighbours
        self._closeness = closeness
        self._counts = GrowingRows(counts)
        self._exponent = exponent
        self._live: dict[int, dict[int, float]] = {}

    @classmethod
    def fit(
        cls, interactions: Interactions, window: int = WINDOW, exponent: float = EXPONENT, least: int = 0
    ) -> Transitions:
        """Count which items follow which.

        Parameters
        ----------
        interactions : Interactions
        window : int
            Steps within which two items belong together, at most `WINDOW`.
        exponent : float
            How much the frequency of the item that is led to is held against it: 0 not at all, 1 in full.
        least : int
            How often two items must have met within the window to be neighbours.

        Returns
        -------
        Transitions
        """
        size = len(interactions.item_ids)
        forward = _count_pairs(interactions, size, min(window, WINDOW), interactions.weights, DECAY)
        both = (forward + REVERSE * forward.T).tocoo()
        rows, columns, values = both.row, both.col, both.data
        if least > 1:
            met = _count_pairs(interactions, size, min(window, WINDOW), np.ones_like(interactions.weights), 1.0)
            often = np.asarray((met + met.T).tocsr()[rows, columns]).ravel() >= least
            rows, columns, values = rows[often], columns[often], values[often]
        counts = np.bincount(interactions.items, weights=interactions.weights, minlength=size).astype(np.float32)
        closeness = values / (counts[rows] ** (1 - exponent) * counts[columns] ** exponent + SHRINKAGE)
        order = np.lexsort((columns, -closeness, rows))
        rows, columns, closeness = rows[order], columns[order], closeness[order]
        starts = np.searchsorted(rows, np.arange(size + 1))
        kept = np.arange(rows.size) - starts[rows] < KEPT_PER_ITEM
        rows, columns, closeness = rows[kept], columns[kept], closeness[kept]
        starts = np.searchsorted(rows, np.arange(size + 1)).astype(np.int64)
        return cls(starts, columns.astype(np.int32), closeness.astype(np.float32), counts, exponent)

    def add(self) -> None:
        """Make room for one more item, which nobody has touched."""
        self._counts.append(0.0)

    def neighbours(self, item: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return an item's neighbours with their closeness, best first.

        Parameters
        ----------
        item : int

        Returns
        -------
        items, closeness : arrays of equal length
        """
        items, closeness = self._fitted(item)
        live = self._live.get(item)
        if not live:
            return items, closeness
        total = dict(zip(items.tolist(), closeness.tolist(), strict=True))
        for other, weight in live.items():
            total[other] = total.get(other, 0.0) + self._comparable(item, other, weight)
        ranked = sorted(total, key=lambda other: (-total[other], other))
        return np.array(ranked, np.int32), np.array([total[other] for other in ranked], np.float32)

    def add_scores(self, history: Sequence[int], scores: NDArray[np.float32], decay: float = DECAY) -> None:
        """Add to `scores` how much the newest items of a history lead to each item.

        Parameters
        ----------
        history : sequence of int
            Newest first.
        scores : float32 array of shape (items,)
            Changed in place.
        decay : float
            Of an item's vote against that of the next newer one.
        """
        weight = 1.0
        reached, votes = [self._neighbours[:0]], [self._closeness[:0]]
        for item in history[:QUERY_LENGTH]:
            items, closeness = self._fitted(item)
            reached.append(items)
            votes.append(np.float32(weight) * closeness)
            for other, live in self._live.get(item, {}).items():
                scores[other] += weight * self._comparable(item, other, live)
            weight *= decay
        np.add.at(
            scores, np.concatenate(reached), np.concatenate(votes)
        )  # all at once: a call each takes twice as long

    def votes(self, history: Sequence[int], item: int, decay: float = DECAY) -> list[float]:
        """Return what each item of a history adds to the score of one item.

        Parameters
        ----------
        history : sequence of int
        item : int
        decay : float

        Returns
        -------
        list of float
            As long as the history; 0 for those that no longer count.
        """
        found = [0.0] * len(history)
        weight = 1.0
        for place, voter in enumerate(history[:QUERY_LENGTH]):
            items, closeness = self._fitted(voter)
            vote = float(closeness[items == item].sum())
            live = self._live.get(voter, {}).get(item)
            if live is not None:
                vote += self._comparable(voter, item, live)
            found[place] = weight * vote
            weight *= decay
        return found

    def update(self, item: int, previous: Sequence[int]) -> None:
        """Take into account that a person came to `item` after `previous` (newest first).

        Parameters
        ----------
        item : int
        previous : sequence of int
        """
        self._counts.rows[item] += 1
        weight = 1.0
        for other in previous[:LIVE_WINDOW]:
            if other != item:
                self._add(other, item, weight)
                self._add(item, other, REVERSE * weight)
            weight *= DECAY

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the fitted part, by name.

        Returns
        -------
        dict of arrays
        """
        return {
            "transition_starts": self._starts,
            "transition_neighbours": self._neighbours,
            "transition_closeness": self._closeness,
            "transition_counts": self._counts.rows[: self.size],
            "transition_exponent": np.array([self._exponent]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Transitions:
        """Make transitions of what `arrays` returned.

        Parameters
        ----------
        arrays : mapping

        Returns
        -------
        Transitions
        """
        return cls(
            arrays["transition_starts"],
            arrays["transition_neighbours"],
            arrays["transition_closeness"],
            arrays["transition_counts"],
            float(arrays["transition_exponent"][0]),
        )

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
        return weight / (float(here ** (1 - self._exponent) * there**self._exponent) + SHRINKAGE)

    def _add(self, item: int, other: int, weight: float) -> None:
        row = self._live.setdefault(item, {})
        row[other] = row.get(other, 0.0) + weight
        if len(row) > LIVE_KEPT_PER_ITEM:
            ranked = sorted(row, key=lambda one: (-row[one], one))
            self._live[item] = {one: row[one] for one in ranked[: LIVE_KEPT_PER_ITEM // 2]}


def _count_pairs(
    interactions: Interactions, size: int, window: int, weights: NDArray[np.float32], decay: float
) -> sparse.csr_matrix:
    """Sum, over all people, the decayed weights of "first, then second within the window"."""
    nothing: NDArray[np.int32] = np.empty(0, np.int32)
    total = sparse.csr_matrix((np.empty(0, np.float32), (nothing, nothing)), shape=(size, size))
    for step in range(1, window + 1):
        before, after = interactions.items[:-step], interactions.items[step:]
        together = (interactions.users[:-step] == interactions.users[step:]) & (before != after)
        values = weights[step:][together] * np.float32(decay ** (step - 1))
        pairs = (before[together], after[together])
        total = total + sparse.coo_matrix((values, pairs), shape=(size, size), dtype=np.float32).tocsr()
    return sparse.csr_matrix(total)
