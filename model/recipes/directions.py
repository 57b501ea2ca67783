"""The strongest directions of a sparse matrix, by a randomised singular value decomposition.

After Halko, Martinsson and Tropp, "Finding structure with randomness" (SIAM Review 53, 2011).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

OVERSAMPLING = 16
POWER_ITERATIONS = 2
SEED = 20261121


def right_directions(matrix: sparse.csr_matrix, count: int) -> NDArray[np.float32]:
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
        basis, _ = np.linalg.qr(basis)
        basis, _ = np.linalg.qr(transposed @ basis)
        basis = matrix @ basis
    basis, _ = np.linalg.qr(basis)
    _, _, right = np.linalg.svd((transposed @ basis).T, full_matrices=False)
    result: NDArray[np.float32] = right[:count].T.astype(np.float32)
    return result
