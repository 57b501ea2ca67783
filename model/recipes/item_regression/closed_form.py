"""Item-to-item weights by ridge regression, in closed form.

Co-occurrence counts each pair of items by itself, so that two items of a history that say the same count twice. A
regression on all items of a history at once divides the weight among them.

Where times give an order, the next item y is regressed on the last item a and on a decayed sum b of the last `WINDOW`
items: the weights of both minimise |y - a U - b W|² + penalty (|U|² + |W|²). The moments of a are diagonal, so U is
eliminated, which leaves one dense system with a row and a column per item. Without an order it is EASE (Steck,
"Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019): all items of a user on their other items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.linalg import blas, lapack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

WINDOW = 15  # newest items of a history
DECAY = 0.85  # of an item's weight in the decayed sum relative to that of the next newer one
MAX_EVENTS = 2_000_000  # newest events that are learnt from: more take longer and hardly change the weights
AT_ONCE = 5_000_000  # pairs of items held in memory before they are added up
BLOCK = 512  # items whose weights are computed at once
# Added to the penalty, relative to the largest moment: float32 sums of thousands of items are no more exact than that.
ROUNDING = 1e-5


def sequential_weights(known: Interactions, penalty: float, kept: int) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Regress the next item on the last item and on the decayed sum of the items before it.

    Parameters
    ----------
    known : Interactions
        In an order.
    penalty : float
        In events: an item with fewer keeps less than half of its weights.
    kept : int
        Positive weights kept per item, the highest.

    Returns
    -------
    last, decayed : sparse float32 matrices of shape (items, items)
        Row i: the weights of item i for the next item, as the last item and in the decayed sum.
    """
    if len(known) > MAX_EVENTS:
        known = known.where(known.times >= np.partition(known.times, -MAX_EVENTS)[-MAX_EVENTS])
    size = len(known.item_ids)
    gram = np.zeros((size, size), np.float32, order="F")
    targets = np.zeros((size, size), np.float32)  # y'b
    by_last = np.zeros((size, size), np.float32)  # a'b
    following = empty_matrix(size)  # y'a
    for last, decayed, target, weights in _events(known):
        weighted = sparse.diags(weights) @ decayed
        _add(gram, decayed.T @ weighted)
        _add(targets, target.T @ weighted)
        _add(by_last, last.T @ weighted)
        following = following + target.T @ (sparse.diags(weights) @ last)
    _regularise(gram, penalty)
    # Divided by the roots of the moments of a, whose matrix is diagonal.
    roots = np.sqrt(np.asarray(following.sum(axis=0), np.float32).ravel() + np.float32(penalty))
    by_last /= roots[:, None]
    following = following @ sparse.diags(1 / roots)
    gram = blas.ssyrk(-1.0, by_last.T, beta=1.0, c=gram, overwrite_c=1, lower=1)
    for rows in _blocks(size):
        targets[rows] -= following[rows] @ by_last
    factor = _factorise(gram)
    solved, _ = lapack.spotrs(factor, targets.T, lower=1, overwrite_b=1)
    preceding = following.T.tocsr()
    on_last = ((preceding[rows].toarray() - by_last[rows] @ solved) / roots[rows, None] for rows in _blocks(size))
    return _highest(on_last, size, kept), _highest((solved[rows] for rows in _blocks(size)), size, kept)


def set_weights(known: Interactions, penalty: float, kept: int) -> sparse.csr_matrix:
    """Regress all items of a user on their other items (EASE); the parameters are those of `sequential_weights`."""
    users, items = known.unique_pairs()
    size = len(known.item_ids)
    owned = sparse.csr_matrix(
        (np.ones(users.size, np.float32), (users, items)), shape=(len(known.user_ids), size), dtype=np.float32
    )
    gram = np.zeros((size, size), np.float32, order="F")
    pairs = np.cumsum(np.square(np.diff(owned.indptr), dtype=np.int64))
    for rows in np.split(np.arange(pairs.size), np.flatnonzero(np.diff(pairs // AT_ONCE)) + 1):
        some = sparse.csr_matrix(owned[rows[0] : rows[-1] + 1] if rows.size else owned[:0])
        _add(gram, some.T @ some)
    _regularise(gram, penalty)
    factor = _factorise(gram)
    inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    diagonal = inverse.diagonal().copy()
    return _highest((-_symmetric_rows(inverse, rows) / diagonal for rows in _blocks(size)), size, kept, itself=False)


def empty_matrix(size: int) -> sparse.csr_matrix:
    """Return a sparse matrix of shape (size, size) without entries."""
    nothing: NDArray[np.int32] = np.empty(0, np.int32)
    return sparse.csr_matrix((np.empty(0, np.float32), (nothing, nothing)), shape=(size, size))


def _events(known: Interactions) -> Iterator[tuple[Any, Any, Any, NDArray[np.float32]]]:
    """Yield a, b and y of events with an earlier one, sparse matrices of shape (events, items), and their weights."""
    size, count = len(known.item_ids), len(known)
    age = np.arange(count) - known.starts()[known.users]  # number of the user's earlier events
    mean = float(known.weights.mean()) if count else 1.0
    every = max(1, AT_ONCE // WINDOW**2)
    for begin in range(0, count, every):
        events = np.arange(begin, min(count, begin + every))
        events = events[age[events] > 0]
        rows, before = np.nonzero(np.arange(1, WINDOW + 1) <= age[events, None])
        weights = (np.float32(DECAY) ** before).astype(np.float32)
        shape = (events.size, size)
        decayed = sparse.csr_matrix((weights, (rows, known.items[events[rows] - before - 1])), shape=shape)
        ones, each = np.ones(events.size, np.float32), np.arange(events.size)
        last = sparse.csr_matrix((ones, (each, known.items[events - 1])), shape=shape)
        target = sparse.csr_matrix((ones, (each, known.items[events])), shape=shape)
        yield last, decayed, target, known.weights[events] / np.float32(mean)


def _add(dense: NDArray[np.float32], product: Any) -> None:
    """Add a sparse product, whose entries are of different places, to a dense matrix in place."""
    entries = product.tocoo()
    dense[entries.row, entries.col] += entries.data


def _regularise(gram: NDArray[np.float32], penalty: float) -> None:
    diagonal = np.einsum("ii->i", gram)
    diagonal += np.float32(penalty + ROUNDING * float(diagonal.max(initial=0)))


def _factorise(gram: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the Cholesky factor of a matrix whose lower triangle is given, in the same memory."""
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1, clean=0)
    if failed:
        raise np.linalg.LinAlgError("the moments of items are not positive definite: the penalty is too small")
    return np.asarray(factor)


def _blocks(size: int) -> Iterator[slice]:
    for begin in range(0, size, BLOCK):
        yield slice(begin, min(size, begin + BLOCK))


def _symmetric_rows(lower: NDArray[np.float32], rows: slice) -> NDArray[np.float32]:
    """Return rows of a symmetric matrix of which only the lower triangle is given."""
    whole = np.concatenate([lower[rows, : rows.stop], lower[rows.stop :, rows].T], axis=1)
    square = np.tril(whole[:, rows])
    whole[:, rows] = square + np.tril(square, -1).T
    return whole


def _highest(blocks: Iterator[NDArray[np.float32]], size: int, kept: int, *, itself: bool = True) -> sparse.csr_matrix:
    """Keep the highest positive weights of each row of a matrix that is given in blocks of rows."""
    kept = min(kept, size)
    found = [empty_matrix(size)[:0]]
    for number, block in enumerate(blocks):
        each = np.arange(len(block))
        if not itself:
            block[each, number * BLOCK + each] = 0
        places = np.argpartition(block, size - kept, axis=1)[:, size - kept :]
        weights = np.maximum(np.take_along_axis(block, places, axis=1), 0)
        rows = sparse.csr_matrix(
            (weights.ravel(), places.ravel(), np.arange(len(block) + 1) * kept), (len(block), size)
        )
        rows.eliminate_zeros()
        found.append(rows)
    return sparse.csr_matrix(sparse.vstack(found))
