"""Counting steps: how often one item comes after another, the less the more steps lie between, and how to compare.

A count says little by itself: two items that everybody touches meet by chance. It is divided by how often the two
are touched, to a power that says how much that is held against the one that is led to, and a few interactions are
added below, so that two rare items which met once do not look like the best of friends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

WINDOW = 10  # steps, the most that any counting looks across
MAX_AT_ONCE = 10_000_000  # pairs held in memory before they are summed up
MAX_OF_ONE = 100_000  # newest events of a user that are counted: who has millions ties everything to everything


@dataclass(frozen=True)
class TransitionSettings:
    """How steps are counted, compared and asked for.

    Attributes
    ----------
    window : int
        Steps within which two items belong together.
    decay : float
        Of a pair's weight, per step between the two.
    reverse : float
        Weight of "came before" against "came after".
    exponent : float
        How much the frequency of the item that is led to is held against it: 0 not at all, 0.5 is the cosine, 1 in
        full.
    shrinkage : float
        Interactions; an item that has as many is half believed.
    query_decay : float
        Of an item's vote against that of the next newer one in a history.
    query_length : int
        Newest items of a history that vote.
    itself : bool
        Whether an item that comes after itself counts.
    """

    window: int = WINDOW
    decay: float = 0.8
    reverse: float = 0.5
    exponent: float = 0.5
    shrinkage: float = 5.0
    query_decay: float = 0.8
    query_length: int = 10
    itself: bool = False


NEAR = TransitionSettings()  # what comes within some steps, either way
# What comes next, and hardly what came just before: the conditional frequency, asked for the newest items alone.
NEXT = TransitionSettings(window=1, reverse=0.2, exponent=0.0, query_decay=0.3, query_length=3, itself=True)


def count_transitions(
    interactions: Interactions,
    steps: TransitionSettings,
    weights: NDArray[np.float32] | None = None,
    about: NDArray[np.bool_] | None = None,
) -> sparse.csr_matrix:
    """Sum, over all users, the decayed weights of "first, then second within the window", both ways.

    Parameters
    ----------
    weights : float32 array of shape (interactions,), optional
        Of each interaction, as the second of a pair; those of the interactions where it is missing.
    about : bool array of shape (items,), optional
        Only pairs are counted of which one is so; all where it is missing.

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
    for step in range(1, min(steps.window, len(interactions)) + 1):
        before, after = interactions.items[:-step], interactions.items[step:]
        together = interactions.users[:-step] == interactions.users[step:]
        if not steps.itself:
            together &= before != after
        if about is not None:
            together &= about[before] | about[after]
        values = weights[step:][together] * np.float32(steps.decay ** (step - 1))
        found.append((before[together], after[together], values))
        if sum(pair[2].size for pair in found) > MAX_AT_ONCE:
            total, found = total + _summed(found, size), []
    if found:
        total = total + _summed(found, size)
    return sparse.csr_matrix(total + np.float32(steps.reverse) * total.T.tocsr() if steps.reverse else total)


def compare(counted: sparse.csr_matrix, counts: NDArray[np.float32], steps: TransitionSettings) -> sparse.csr_matrix:
    """Turn counted steps into closeness.

    Parameters
    ----------
    counted : sparse matrix of shape (items, items)
    counts : float32 array of shape (items,)
        Interactions of each item.

    Returns
    -------
    sparse float32 matrix of the same shape and the same places
    """
    expected = counts ** np.float32(1 - steps.exponent)
    led_to = counts ** np.float32(steps.exponent)
    lengths = np.diff(counted.indptr)
    below = np.repeat(expected, lengths)
    below *= led_to[counted.indices]
    below += np.float32(steps.shrinkage)
    parts = (counted.data / below, counted.indices, counted.indptr)
    return sparse.csr_matrix(parts, shape=counted.shape, dtype=np.float32)


def keep_top_per_row(closeness: sparse.csr_matrix, most: int) -> sparse.csr_matrix:
    """Keep the highest entries of each row.

    Parameters
    ----------
    closeness : sparse matrix of shape (items, items)
    most : int
        Entries of a row.

    Returns
    -------
    sparse matrix of the same shape
    """
    lengths = np.diff(closeness.indptr)
    kept = np.ones(closeness.data.size, np.bool_)
    for row in np.flatnonzero(lengths > most).tolist():
        span = slice(closeness.indptr[row], closeness.indptr[row + 1])
        values = closeness.data[span]
        limit = np.partition(values, values.size - most)[values.size - most]
        above = values > limit
        # Among the equal, so many that the row is full: of one user's items, all may be tied alike.
        above[np.flatnonzero(values == limit)[: most - np.count_nonzero(above)]] = True
        kept[span] = above
    starts = np.concatenate([[0], np.cumsum(np.minimum(lengths, most))])
    parts = (closeness.data[kept], closeness.indices[kept], starts)
    return sparse.csr_matrix(parts, shape=closeness.shape)


def _summed(
    found: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]], size: int
) -> sparse.csr_matrix:
    before, after, values = (np.concatenate(part) for part in zip(*found, strict=True))
    return sparse.coo_matrix((values, (before, after)), shape=(size, size), dtype=np.float32).tocsr()
