"""Lists of the items nearest to each of a few hundred directions, so that an answer multiplies few vectors.

The directions are the centres of a spherical k-means over the vectors of items. The items with the highest dot products
with a user vector are on the lists of the directions nearest to it, with few exceptions; multiplying all vectors, to
find these as well, would take most of the time of an answer, since a large catalogue does not fit into the cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.arrays.top_k import top_k

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIRECTIONS = 256
LENGTH = 256  # items of a list
AIMED = 2_048  # items that an answer considers, with those that it reaches otherwise
MIN_LISTS, MAX_LISTS = 2, 8  # for a user vector
LONGEST = 64  # items with the longest vectors, which are near to many directions
SAMPLE = 20_000  # items from which directions are learnt
ROUNDS = 8  # of k-means
BLOCK = 16  # directions multiplied with all vectors at once
SEED = 20261130


class NearestLists:
    """The items with the highest dot products with each of some directions.

    Parameters
    ----------
    vectors : float32 array of shape (items, dimensions)
    """

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._directions = _cluster(vectors)
        length = min(LENGTH, len(vectors))
        self._items = np.empty((len(self._directions), length), np.int64)
        self._products = np.empty(self._items.shape, np.float32)
        for begin in range(0, len(self._directions), BLOCK):
            block = slice(begin, begin + BLOCK)
            products = self._directions[block] @ vectors.T
            self._items[block] = np.argpartition(products, -length, axis=1)[:, -length:]
            self._products[block] = np.take_along_axis(products, self._items[block], axis=1)
        self._least = self._products.min(axis=1)
        self._longest = top_k(np.linalg.norm(vectors, axis=1), LONGEST)

    def near(self, vector: NDArray[np.float32], reached: int = AIMED) -> NDArray[np.int64]:
        """Return the items of the lists nearest to a user vector, of shape (dimensions,); an item may occur twice.

        The fewer items are `reached` otherwise, the more lists.
        """
        lists = min(MAX_LISTS, max(MIN_LISTS, (AIMED - reached) // LENGTH))
        nearest = (self._directions @ vector).argsort()[-lists:]
        return np.concatenate([self._items[nearest].ravel(), self._longest])

    def put(self, item: int, vector: NDArray[np.float32]) -> None:
        """Put a new item on the lists of which it is nearer than the last item."""
        products = self._directions @ vector
        for row in np.flatnonzero(products > self._least).tolist():
            place = int(self._products[row].argmin())
            self._items[row, place], self._products[row, place] = item, products[row]
            self._least[row] = self._products[row].min()


def _cluster(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the centres of a spherical k-means, of length one: at most `DIRECTIONS` rows, at least one."""
    draw = np.random.default_rng(SEED)
    lengths = np.linalg.norm(vectors, axis=1)
    usable = np.flatnonzero(lengths)
    if not usable.size:
        return np.zeros((1, vectors.shape[1]), np.float32)
    sampled = np.sort(draw.choice(usable, min(SAMPLE, usable.size), replace=False))
    points = vectors[sampled] / lengths[sampled, None]
    centres: NDArray[np.float32] = points[draw.choice(len(points), min(DIRECTIONS, len(points)), replace=False)]
    for _ in range(ROUNDS):
        nearest = (points @ centres.T).argmax(axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, points)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.divide(sums, length, out=centres, where=length > 0)
    return centres
