"""Proves the evaluator: EASE on Gowalla must have the figures that others found for it.

`python -m tests.load.gowalla.prove_evaluator` takes some ten minutes on a quiet core and 5 GiB. EASE (Steck,
"Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019) needs P, the inverse of X'X + 80, of 41,000 places
squared. As there are fewer users than places, the inverse of XX' + 80 is taken instead: X P is that inverse times X,
and the diagonal of P is (1 - the sum over users of X times X P) / 80 (Woodbury's identity), in a third of the time.
"""

from __future__ import annotations

import resource
import sys
import time

import model.engine.configuration.one_thread  # noqa: F401 - before numpy: with threads, OpenBLAS crashes on so large a matrix

# isort: split
import numpy as np
from scipy import linalg, sparse

from model.evaluation.evaluate import evaluate
from model.recipes.graph_filter.sharpened_filter import interaction_matrix
from tests.factories.data_sets.gowalla import gowalla

REGULARIZATION = 80.0
# reczoo/BARS, leaderboard of Gowalla, EASE; and measured with another program.
PUBLISHED = {"recall@20": 0.176493, "ndcg@20": 0.146657}
TOLERANCE = 1e-5  # one place of one user's list, and rounding to single precision
BATCH = 512


class Ease:
    """EASE's scores of all places for the users that it learnt from."""

    def __init__(self, interactions: sparse.csr_matrix, regularization: float) -> None:
        count = interactions.shape[0]
        self._interactions = interactions
        products = np.asarray((interactions @ interactions.T).toarray(order="F"), np.float32, order="F")
        products[np.arange(count), np.arange(count)] += np.float32(regularization)
        factor, failed = linalg.lapack.spotrf(products, lower=1, clean=0, overwrite_a=1)
        inverse, failed_too = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
        if failed or failed_too:
            raise ArithmeticError(f"the inverse was not found: {failed}, {failed_too}")
        _mirror(inverse)
        self._inverse = inverse
        diagonal = np.zeros(interactions.shape[1])
        for begin in range(0, count, BATCH):
            rows = interactions[begin : begin + BATCH]
            rows_of = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
            projected = self._projected(np.arange(begin, begin + rows.shape[0]))
            diagonal += np.bincount(rows.indices, projected[rows_of, rows.indices], minlength=interactions.shape[1])
        self._diagonal = ((1 - diagonal) / regularization).astype(np.float32)

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Return scores of shape (users, places); those of places in the history must not be used."""
        return -self._projected(users) / self._diagonal

    def _projected(self, users: np.ndarray) -> np.ndarray:
        return np.asarray((self._interactions.T @ self._inverse[:, users]).T)


def _mirror(matrix: np.ndarray) -> None:
    """Copy the lower triangle of a symmetric matrix over the upper one, block by block."""
    for begin in range(0, len(matrix), BATCH):
        end = begin + BATCH
        square = matrix[begin:end, begin:end]
        matrix[begin:end, begin:end] = np.tril(square) + np.tril(square, -1).T
        matrix[begin:end, end:] = matrix[end:, begin:end].T


def main() -> int:
    """Evaluate EASE and compare; return the exit status."""
    split = gowalla()
    start = time.perf_counter()
    model = Ease(interaction_matrix(split.train), REGULARIZATION)
    seconds = time.perf_counter() - start
    result = evaluate(model, split, cuts=(20,))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    right = True
    for metric, published in PUBLISHED.items():
        found = result.mean(metric)
        right &= abs(found - published) < TOLERANCE
        print(f"EASE on Gowalla, {metric}: {found:.6f}, published {published:.6f}")
    print(f"trained in {seconds:.0f} s, peak {peak:.0f} MiB")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
