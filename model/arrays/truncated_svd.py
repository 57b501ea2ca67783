"""The strongest directions of a sparse matrix, by a randomised singular value decomposition.

After Halko, Martinsson and Tropp, "Finding structure with randomness" (SIAM Review 53, 2011).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

OVERSAMPLING = 16
POWER_ITERATIONS = 2
SEED = 20261121
ROWS_AT_ONCE = 4096  # so that what is twice as precise takes no memory
# Few users have few tastes: as many directions as they are would give each user back what they touched.
VECTORS_PER_ROOT = 3.7  # times the root of the number of users or items, whichever are fewer
MIN_LENGTH = 1e-5  # against the longest; what is shorter is lost to rounding when squared


def singular_vector_count(users: int, items: int, most: int) -> int:
    """Return how many directions tell something of so many users and items.

    Parameters
    ----------
    most : int
        Of which there need not be more.
    """
    return min(most, round(VECTORS_PER_ROOT * math.sqrt(min(users, items))))


def right_singular_vectors(matrix: sparse.csr_matrix, count: int) -> NDArray[np.float32]:
    """Return the strongest right singular vectors of a matrix as columns.

    Parameters
    ----------
    matrix : sparse float32 matrix of shape (n, m)
    count : int
        How many are wanted; at most one fewer than the shorter side is given.

    Returns
    -------
    float32 array of shape (m, at most count)
    """
    count = min(count, min(matrix.shape) - 1)
    if count < 1:
        return np.zeros((matrix.shape[1], 0), np.float32)
    random = np.random.default_rng(SEED)
    width = min(count + OVERSAMPLING, *matrix.shape)
    basis = matrix @ random.standard_normal((matrix.shape[1], width)).astype(np.float32)
    transposed = matrix.T.tocsr()
    for _ in range(POWER_ITERATIONS):
        basis = _orthonormal(transposed @ _orthonormal(basis))
        basis = matrix @ basis
    return _principal(transposed @ _orthonormal(basis), count)


def _orthonormal(basis: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return orthonormal columns of the same span, by Cholesky's factor of the products of the columns.

    For tall matrices this takes a tenth of the time of Householder's reflections; where columns are nearly dependent,
    those are used after all.
    """
    products = _products(basis)
    try:
        factor = np.linalg.cholesky(products)
    except np.linalg.LinAlgError:
        factor = np.zeros_like(products)
    lengths = np.diagonal(factor)
    if lengths.min() <= MIN_LENGTH * lengths.max():
        found: NDArray[np.float32] = np.linalg.qr(basis)[0]
        return found
    result: NDArray[np.float32] = basis @ np.linalg.inv(factor).T.astype(np.float32)
    return result


def _principal(spanning: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the strongest left singular vectors of a tall matrix."""
    strength, axes = np.linalg.eigh(_products(spanning))
    strength, axes = strength[::-1][:count], axes[:, ::-1][:, :count]
    if strength[-1] <= MIN_LENGTH * strength[0]:
        left: NDArray[np.float32] = np.linalg.svd(spanning, full_matrices=False)[0][:, :count]
        return left
    result: NDArray[np.float32] = spanning @ (axes / np.sqrt(strength)).astype(np.float32)
    return result


def _products(columns: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the products of all pairs of columns; twice as precise, since dependence shows in the last digits."""
    summed = np.zeros((columns.shape[1], columns.shape[1]))
    for begin in range(0, columns.shape[0], ROWS_AT_ONCE):
        precise = columns[begin : begin + ROWS_AT_ONCE].astype(np.float64)
        summed += precise.T @ precise
    return summed
