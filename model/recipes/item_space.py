"""Items as points: a graph filter over who touched what, computed by a randomised SVD.

The matrix of people and items, each row and column divided by a power of its length, is cut to its strongest
directions. A person is the sum of their items, so a new item in a history moves the person at once and nobody
has to be trained again. The filter is that of Shen et al., "How Powerful is Graph Convolution for
Recommendation?" (CIKM 2021); the factorisation that of Halko, Martinsson and Tropp (SIAM Review 53, 2011).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.recipes.interactions import Interactions

DIMENSIONS = 64
OVERSAMPLING = 16
POWER_ITERATIONS = 2
POPULARITY_POWER = 0.4  # how much of an item's popularity its score gets back after the filter
QUERY_LENGTH = 50  # newest items of a history that count
QUERY_DECAY = 0.9  # per item, newest first
SEED = 20261121


class ItemSpace:
    """A vector per item; the score of an item is its product with the decayed sum of a history's vectors."""

    def __init__(self, vectors: NDArray[np.float32], unscaled: NDArray[np.float32]) -> None:
        self._vectors = vectors
        self._unscaled = unscaled

    @classmethod
    def fit(cls, interactions: Interactions) -> ItemSpace:
        """Factorise who touched what.

        Parameters
        ----------
        interactions : Interactions

        Returns
        -------
        ItemSpace
        """
        users, items = interactions.unique_pairs()
        shape = (len(interactions.user_ids), len(interactions.item_ids))
        user_degree = np.maximum(1, np.bincount(users, minlength=shape[0]))
        item_degree = np.maximum(1, np.bincount(items, minlength=shape[1]))
        values = 1.0 / np.sqrt(user_degree[users] * item_degree[items])
        matrix = sparse.csr_matrix((values.astype(np.float32), (users, items)), shape=shape)
        vectors = _right_directions(matrix, min(DIMENSIONS, min(shape) - 1))
        raised = (item_degree**POPULARITY_POWER).astype(np.float32)
        return cls(np.ascontiguousarray(vectors * raised[:, None]), np.reciprocal(raised * raised))

    def scores(self, history: Sequence[int]) -> NDArray[np.float32]:
        """Return how near each item is to a history.

        Parameters
        ----------
        history : sequence of int
            Newest first.

        Returns
        -------
        float32 array of shape (items,)
        """
        newest = np.asarray(history[:QUERY_LENGTH], dtype=np.int64)
        weights: NDArray[np.float32] = self._unscaled[newest]
        weights *= (QUERY_DECAY ** np.arange(newest.size)).astype(np.float32)
        person = weights @ self._vectors[newest]
        result: NDArray[np.float32] = self._vectors @ person
        return result

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the vectors, by name.

        Returns
        -------
        dict of arrays
        """
        return {"space_vectors": self._vectors, "space_unscaled": self._unscaled}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ItemSpace:
        """Make a space of what `arrays` returned.

        Parameters
        ----------
        arrays : mapping

        Returns
        -------
        ItemSpace
        """
        return cls(arrays["space_vectors"], arrays["space_unscaled"])


def _right_directions(matrix: sparse.csr_matrix, count: int) -> NDArray[np.float32]:
    """Return the `count` strongest right singular vectors as columns; none where the matrix is too small."""
    if count < 1:
        return np.zeros((matrix.shape[1], 0), np.float32)
    random = np.random.default_rng(SEED)
    width = min(count + OVERSAMPLING, *matrix.shape)
    basis = matrix @ random.standard_normal((matrix.shape[1], width)).astype(np.float32)
    transposed = matrix.T.tocsr()
    for _ in range(POWER_ITERATIONS):
        basis, _ = np.linalg.qr(basis)
        basis, _ = np.linalg.qr(transposed @ basis)
        basis = matrix @ basis
    basis, _ = np.linalg.qr(basis)
    _, _, right = np.linalg.svd((transposed @ basis).T, full_matrices=False)
    result: NDArray[np.float32] = right[:count].T.astype(np.float32)
    return result
