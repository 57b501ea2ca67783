"""Transition counts: how often an item follows another within a window, decayed by distance, and their normalisation.

A raw count is biased: two popular items co-occur by chance. It is divided by the frequencies of both items, with an
exponent for the target item, plus a shrinkage constant, so that two rare items that co-occur once do not rank first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

WINDOW = 10  # events, the largest window by default
MAX_AT_ONCE = 10_000_000  # pairs held in memory before they are summed up
MAX_OF_ONE = 100_000  # newest events of a user that are counted: a user with millions would connect all items


@dataclass(frozen=True)
class TransitionSettings:
    """How transitions are counted, normalised and queried.

    Attributes
    ----------
    window : int
        Events within which two items co-occur.
    decay : float
        Of a pair's weight, per event between the two.
    reverse : float
        Weight of "before" relative to "after".
    exponent : float
        Of the target item's frequency in the denominator: 0 is the conditional probability, 0.5 the cosine, 1 divides
        by the target's frequency alone.
    shrinkage : float
        Interactions added to the denominator; the counts of an item that has as many count half.
    query_decay : float
        Of an item's weight relative to that of the next newer one in a history.
    query_length : int
        Newest items of a history that are used.
    itself : bool
        Whether transitions from an item to itself count.
    """

    window: int = WINDOW
    decay: float = 0.8
    reverse: float = 0.5
    exponent: float = 0.5
    shrinkage: float = 5.0
    query_decay: float = 0.8
    query_length: int = 10
    itself: bool = False


NEAR = TransitionSettings()  # co-occurrence within a window, in both directions
# Where times give no order: all items of a history weigh the same, and pairs do so in either direction.
UNORDERED = TransitionSettings(decay=1.0, reverse=1.0, query_decay=1.0, query_length=50)
# The next event: the conditional probability, for the newest items only, with little weight on the reverse direction.
NEXT = TransitionSettings(window=1, reverse=0.2, exponent=0.0, query_decay=0.3, query_length=3, itself=True)


def count_transitions(
    interactions: Interactions,
    settings: TransitionSettings,
    weights: NDArray[np.float32] | None = None,
    about: NDArray[np.bool_] | None = None,
) -> sparse.csr_matrix:
    """Sum, over all users, the decayed weights of pairs of events within the window, in both directions.

    Parameters
    ----------
    weights : float32 array of shape (interactions,), optional
        Of each interaction as the second of a pair; by default, the weights of the interactions.
    about : bool array of shape (items,), optional
        Only pairs with such an item are counted; by default, all pairs.

    Returns
    -------
    sparse float32 matrix of shape (items, items)
    """
    size = len(interactions.item_ids)
    weights = interactions.weights if weights is None else weights
    starts = interactions.starts()
    if np.diff(starts).max(initial=0) > MAX_OF_ONE:
        newest = starts[interactions.users + 1] - np.arange(len(interactions)) <= MAX_OF_ONE
        interactions, weights = interactions.where(newest), weights[newest]
    nothing: NDArray[np.int32] = np.empty(0, np.int32)
    total = sparse.csr_matrix((np.empty(0, np.float32), (nothing, nothing)), shape=(size, size))
    found: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]] = []
    for distance in range(1, min(settings.window, len(interactions)) + 1):
        before, after = interactions.items[:-distance], interactions.items[distance:]
        together = interactions.users[:-distance] == interactions.users[distance:]
        if not settings.itself:
            together &= before != after
        if about is not None:
            together &= about[before] | about[after]
        values = weights[distance:][together] * np.float32(settings.decay ** (distance - 1))
        found.append((before[together], after[together], values))
        if sum(pair[2].size for pair in found) > MAX_AT_ONCE:
            total, found = total + _summed(found, size), []
    if found:
        total = total + _summed(found, size)
    return sparse.csr_matrix(total + np.float32(settings.reverse) * total.T.tocsr() if settings.reverse else total)


def normalise_counts(
    counted: sparse.csr_matrix, counts: NDArray[np.float32], settings: TransitionSettings
) -> sparse.csr_matrix:
    """Divide transition counts by the frequencies of both items: the similarity of each pair.

    Parameters
    ----------
    counted : sparse matrix of shape (items, items)
    counts : float32 array of shape (items,)
        Interactions of each item.

    Returns
    -------
    sparse float32 matrix with the same shape and the same non-zero entries
    """
    expected = counts ** np.float32(1 - settings.exponent)
    led_to = counts ** np.float32(settings.exponent)
    row_lengths = np.diff(counted.indptr)
    denominator = np.repeat(expected, row_lengths)
    denominator *= led_to[counted.indices]
    denominator += np.float32(settings.shrinkage)
    parts = (counted.data / denominator, counted.indices, counted.indptr)
    return sparse.csr_matrix(parts, shape=counted.shape, dtype=np.float32)


def keep_top_per_row(similarity: sparse.csr_matrix, most: int) -> sparse.csr_matrix:
    """Keep the `most` highest entries of each row of a sparse matrix."""
    lengths = np.diff(similarity.indptr)
    kept = np.ones(similarity.data.size, np.bool_)
    for row in np.flatnonzero(lengths > most).tolist():
        span = slice(similarity.indptr[row], similarity.indptr[row + 1])
        values = similarity.data[span]
        limit = np.partition(values, values.size - most)[values.size - most]
        above = values > limit
        # Of equal entries, as many as fill the row: all items of a single user may be tied.
        above[np.flatnonzero(values == limit)[: most - np.count_nonzero(above)]] = True
        kept[span] = above
    starts = np.concatenate([[0], np.cumsum(np.minimum(lengths, most))])
    parts = (similarity.data[kept], similarity.indices[kept], starts)
    return sparse.csr_matrix(parts, shape=similarity.shape)


def _summed(
    found: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]], size: int
) -> sparse.csr_matrix:
    before, after, values = (np.concatenate(part) for part in zip(*found, strict=True))
    return sparse.coo_matrix((values, (before, after)), shape=(size, size), dtype=np.float32).tocsr()
