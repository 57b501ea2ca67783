"""Models of cornac (github.com/PreferredAI/cornac), in the environment `peers`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from cornac.data import Dataset
from cornac.models import BPR, EASE

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy import sparse

SEED = 20261121


def bpr(matrix: sparse.csr_matrix) -> Any:
    """Fit Bayesian personalised ranking; it knows the users of the training data alone."""
    model = BPR(k=64, max_iter=50, learning_rate=0.05, lambda_reg=0.001, seed=SEED).fit(_data_set(matrix))
    return lambda _, users: model.u_factors[users] @ model.i_factors.T + model.i_biases


def ease(matrix: sparse.csr_matrix) -> Any:
    """Fit EASE, in closed form."""
    model = EASE(lamb=500, posB=False, verbose=False, seed=SEED).fit(_data_set(matrix))
    weights = np.ascontiguousarray(model.B, np.float32)
    return lambda rows, _: rows @ weights


MODELS: dict[str, Callable[[sparse.csr_matrix], Any]] = {"cornac BPR": bpr, "cornac EASE": ease}


def _data_set(matrix: sparse.csr_matrix) -> Dataset:
    pairs = matrix.tocoo()
    users, items = ({place: place for place in range(size)} for size in matrix.shape)
    triples = (pairs.row.astype(np.int64), pairs.col.astype(np.int64), pairs.data.astype(np.float64))
    return Dataset(*matrix.shape, users, items, triples, seed=SEED)
