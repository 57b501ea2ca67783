"""The strongest directions are those that an exact decomposition finds, whatever the matrix is like."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from model.arrays.truncated_svd import right_singular_vectors


def of_strengths(*strengths):
    random = np.random.default_rng(3)
    left, _ = np.linalg.qr(random.standard_normal((300, len(strengths))))
    right, _ = np.linalg.qr(random.standard_normal((90, len(strengths))))
    return sparse.csr_matrix((left * strengths @ right.T).astype(np.float32)), right


@pytest.mark.parametrize("strengths", [(9, 7, 5, 3), (1, 0.9, 0.8, 0.001)], ids=["well spread", "nearly dependent"])
def test_directions_span_what_is_strongest(strengths):
    matrix, right = of_strengths(*strengths)

    found = right_singular_vectors(matrix, 3)

    assert np.allclose(found.T @ found, np.eye(3), atol=1e-4)
    assert np.allclose(np.abs(np.sum(found * right[:, :3], axis=0)), 1, atol=1e-3)


def test_a_matrix_of_less_rank_than_asked_for_has_directions_still():
    matrix, right = of_strengths(4, 2)

    found = right_singular_vectors(matrix, 20)

    assert np.isfinite(found).all()
    assert np.allclose(np.abs(np.sum(found[:, :2] * right, axis=0)), 1, atol=1e-3)
