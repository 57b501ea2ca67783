"""Truncated SVD of a sparse matrix, by a randomised algorithm.

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
ROWS_AT_ONCE = 4096  # converted to float64 at a time, which bounds the memory
# With as many singular vectors as users, each user would get back exactly the items of their history (overfitting).
VECTORS_PER_ROOT = 3.7  # times the root of the number of users or items, whichever are fewer
MIN_LENGTH = 1e-5  # relative to the longest column; shorter ones are lost to rounding when squared


def singular_vector_count(users: int, items: int, most: int) -> int:
    """Return how many singular vectors generalise for so many users and items."""
    return min(most, round(VECTORS_PER_ROOT * math.sqrt(min(users, items))))


def right_singular_vectors(matrix: sparse.csr_matrix, count: int) -> NDArray[np.float32]:
    """Return the right singular vectors of a matrix with the largest singular values, as columns.

    Parameters
    ----------
    matrix : sparse float32 matrix of shape (n, m)
    count : int
        Of vectors; at most one fewer than the shorter side of the matrix is returned.

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
    """Return an orthonormal basis of the columns' span, by the Cholesky factor of their Gram matrix.

    For tall matrices this takes a tenth of the time of a Householder QR, which is used where columns are nearly
    dependent.
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
    """Return the left singular vectors of a tall matrix with the largest singular values."""
    strength, axes = np.linalg.eigh(_products(spanning))
    strength, axes = strength[::-1][:count], axes[:, ::-1][:, :count]
    if strength[-1] <= MIN_LENGTH * strength[0]:
        left: NDArray[np.float32] = np.linalg.svd(spanning, full_matrices=False)[0][:, :count]
        return left
    result: NDArray[np.float32] = spanning @ (axes / np.sqrt(strength)).astype(np.float32)
    return result


def _products(columns: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the Gram matrix of the columns, in float64, since near dependence shows in the last digits."""
    summed = np.zeros((columns.shape[1], columns.shape[1]))
    for begin in range(0, columns.shape[0], ROWS_AT_ONCE):
        precise = columns[begin : begin + ROWS_AT_ONCE].astype(np.float64)
        summed += precise.T @ precise
    return summed
