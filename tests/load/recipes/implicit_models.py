"""Models of implicit (github.com/benfred/implicit), in the environment `peers`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy import sparse

SEED = 20261121


def als(matrix: sparse.csr_matrix) -> Any:
    """Fit alternating least squares; users are computed anew from their items."""
    model = AlternatingLeastSquares(factors=256, alpha=40.0, iterations=10, random_state=SEED)
    model.fit(matrix, show_progress=False)
    return lambda rows, _: model.recalculate_user(np.arange(rows.shape[0]), rows) @ model.item_factors.T


def bm25(matrix: sparse.csr_matrix) -> Any:
    """Fit nearest items, weighed by BM25."""
    return _nearest(BM25Recommender(K=200), matrix)


def cosine(matrix: sparse.csr_matrix) -> Any:
    """Fit nearest items by the cosine."""
    return _nearest(CosineRecommender(K=100), matrix)


def _nearest(model: Any, matrix: sparse.csr_matrix) -> Any:
    model.fit(matrix, show_progress=False)
    return lambda rows, _: (rows @ model.similarity).toarray()


MODELS: dict[str, Callable[[sparse.csr_matrix], Any]] = {
    "implicit ALS": als,
    "implicit BM25": bm25,
    "implicit cosine": cosine,
}
