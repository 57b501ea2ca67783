"""A graph filter over the interaction matrix: blurring, then sharpening, in closed form.

P = A'A is the item-item co-occurrence, where A is the interaction matrix with each row and column divided by a power of
its degree, and all of it by its largest singular value. The exponents are chosen, and not both 1/2 (Fu et al.,
"Revisiting Neighborhood-based Link Prediction for Collaborative Filtering", WWW 2022), so that users with many
interactions weigh more. A user's row x is blurred to x P plus, with a weight, its ideal low-pass part x D^-p V V' D^p,
with D the item degrees, p the item exponent and V the top singular vectors (Shen et al., "How Powerful is Graph
Convolution for Recommendation?", CIKM 2021); then it is sharpened by one Runge-Kutta step along -P (Choi et al.,
"Blurring-Sharpening Process Models for Collaborative Filtering", SIGIR 2023), which is a polynomial of P.

The paper multiplies by P five times for each user. Here the polynomial is computed once, at training: exactly along the
top singular vectors, and along all others, which P shrinks to less than a tenth on Gowalla, as a multiple of P. An
answer is then a sum over the neighbours of the history's items, and one dot product.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from model.arrays.growable import GrowableRows
from model.arrays.sparse_rows import SparseRows
from model.arrays.truncated_svd import right_singular_vectors, singular_vector_count
from model.recipes.embeddings.content import fit_ridge_map
from model.recipes.graph_filter.settings import FilterSettings
from model.recipes.item_to_item.transition_counts import keep_top_per_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

NEIGHBOURS = 1000  # strongest neighbours kept per item
# More singular vectors are computed than kept: the randomised SVD is inexact for the last ones.
SPARE_VECTORS = 128
SHORTLIST = 500  # items that are scored exactly; scoring 41,000 exactly takes ten times as long
TERMS = (1.0, -1.0, 1 / 2, -1 / 6, 1 / 24)  # of the Runge-Kutta method for a linear equation, by powers of time
BLOCK = 512  # items whose neighbours are computed at once
TAIL_POINTS = 64
DEFAULTS = FilterSettings()
EPSILON = np.float32(1e-20)  # less than any neighbour score


class SharpenedFilter:
    """The trained filter: the score of every item from each item of a history.

    Parameters
    ----------
    neighbours : sparse float32 matrix of shape (items at training, items at training)
        Row i: the contributions of item i to its nearest items, besides the two products.
    slow : float32 array of shape (items, singular vectors)
        V, the top singular vectors, for the first product.
    sharp : float32 array of shape (items, singular vectors)
        D^p V after sharpening: the vectors of scored items, for the second product.
    gains : float32 array of shape (singular vectors,)
        Weight of each singular vector in the first product.
    shares : float32 array of shape (items,)
        Weight of each item of a history in the second product.
    """

    def __init__(
        self,
        neighbours: sparse.csr_matrix,
        slow: NDArray[np.float32],
        sharp: NDArray[np.float32],
        gains: NDArray[np.float32],
        shares: NDArray[np.float32],
    ) -> None:
        self._neighbours = neighbours
        self._slow = GrowableRows(slow)
        self._sharp = GrowableRows(sharp)
        self._gains = gains
        self._shares = GrowableRows(shares)
        # The weight of the least popular item, for an item without interactions.
        self._new_share = float(shares.max(initial=0)) or DEFAULTS.ideal_weight

    @classmethod
    def fit(cls, interactions: Interactions, settings: FilterSettings = DEFAULTS) -> SharpenedFilter:
        """Fit the filter on the binary interaction matrix; counts and times are ignored."""
        matrix, users = _normalise(interactions, settings)
        count = singular_vector_count(*matrix.shape, settings.directions)
        slow = np.ascontiguousarray(right_singular_vectors(matrix, count + SPARE_VECTORS)[:, :count])
        # The eigenvalues of P: the squared singular values.
        eigenvalues = np.square(matrix @ slow).sum(axis=0, dtype=np.float64)
        greatest = float(eigenvalues.max(initial=0)) or 1.0
        matrix.data /= np.float32(math.sqrt(greatest))
        eigenvalues /= greatest
        coefficients = np.array(TERMS) * np.power(settings.sharpened_for, np.arange(len(TERMS)))
        share = _tail_share(coefficients, float(eigenvalues.min(initial=1.0)))
        sharpened = eigenvalues * np.polynomial.polynomial.polyval(eigenvalues, coefficients)
        transposed = matrix.T.tocsr()
        neighbours = _top_neighbours(transposed, matrix, share)
        # The kept neighbours' part along each singular vector; the first product adds the part of those that were cut.
        neighbour_part = np.einsum("ij,ij->j", slow, neighbours.T @ slow)
        return cls(
            neighbours,
            slow,
            _apply_polynomial(matrix, transposed, users[:, None] ** settings.item_power * slow, coefficients),
            (sharpened - neighbour_part).astype(np.float32),
            (settings.ideal_weight / users**settings.item_power).astype(np.float32),
        )

    @property
    def embeddings(self) -> NDArray[np.float32]:
        """The vectors of items for both products: float32 array of shape (items, 2 * singular vectors)."""
        return np.concatenate([self._slow.rows, self._sharp.rows], axis=1)

    def add_cold_items(self, content: NDArray[np.float32], users: NDArray[Any]) -> NDArray[np.float32]:
        """Append items without interactions, with vectors mapped from their content.

        Parameters
        ----------
        content : float32 array of shape (all items, content dimensions)
            First the items at training, then those without interactions.
        users : array of shape (items at training,)
            Number of users of each.

        Returns
        -------
        float32 array of shape (content dimensions, 2 * singular vectors)
            The map from content to the vectors of later items, for `append`.
        """
        from_content = fit_ridge_map(content[: users.size], self.embeddings, users)
        for vector in content[users.size :]:
            self.append(vector @ from_content)
        return from_content

    def append(self, vectors: NDArray[np.float32]) -> None:
        """Append an item without interactions.

        Parameters
        ----------
        vectors : float32 array of shape (2 * singular vectors,)
            Mapped from content, as in `embeddings`.
        """
        slow, sharp = np.split(vectors, 2)
        self._slow.append(slow)
        self._sharp.append(sharp)
        self._shares.append(self._new_share)

    def has_signal(self, item: int) -> bool:
        """Return whether an item has neighbours or a non-zero vector, and so contributes to scores."""
        return item < self._neighbours.shape[0] or bool(self._slow.rows[item].any())

    def neighbour_scores(self, items: Sequence[int], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the part of the scores that comes from neighbours: shape (all items,).

        `weights` has the shape (items of the history,).
        """
        matrix = self._neighbours
        scores = np.zeros(len(self._slow), np.float32)
        np.add.at(scores, *SparseRows(matrix.indptr, matrix.indices, matrix.data).weighted(items, weights))
        return scores

    def spectral_scores(
        self, items: Sequence[int], weights: NDArray[np.float32], asked: NDArray[np.int64] | None = None
    ) -> NDArray[np.float32]:
        """Return the part of the scores that comes from the singular vectors.

        Parameters
        ----------
        weights : float32 array of shape (history items,)
        asked : integer array of shape (n,), optional
            The items to score; all by default.

        Returns
        -------
        float32 array of shape (n,)
        """
        trained = self._neighbours.shape[0]
        vectors = self._slow.rows[items]
        # The first product corrects the neighbours' part, which items added after training do not have.
        first = ((weights * (np.asarray(items) < trained)) @ vectors) * self._gains
        second = (weights * self._shares.rows[items]) @ vectors
        if asked is None:
            result: NDArray[np.float32] = self._sharp.rows @ second
            result[:trained] += self._slow.rows[:trained] @ first
            return result
        partial: NDArray[np.float32] = self._sharp.rows[asked] @ second
        partial += (self._slow.rows[asked] @ first) * (asked < trained)
        return partial

    def contributions(
        self, items: Sequence[int], weights: NDArray[np.float32], asked: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the contribution of each item of a history to the scores of some items, before summing.

        Parameters
        ----------
        weights : float32 array of shape (history items,)
        asked : integer array of shape (n,)

        Returns
        -------
        float32 array of shape (history items, n)
        """
        asked, places = np.unique(asked, return_inverse=True)
        trained = self._neighbours.shape[0]
        history = np.asarray(items)
        known, known_asked = history < trained, asked < trained
        slow, weighted = self._slow.rows[history], self._slow.rows[asked] * self._gains
        contributions: NDArray[np.float32] = (slow * self._shares.rows[history, None]) @ self._sharp.rows[asked].T
        contributions[np.ix_(known, known_asked)] += slow[known] @ weighted[known_asked].T
        contributions[np.ix_(known, known_asked)] += self._neighbours[history[known]][:, asked[known_asked]].toarray()
        contributions *= weights[:, None]
        return contributions[:, places]

    def approximate_scores(self, near: NDArray[np.float32]) -> NDArray[np.float32]:
        """Approximate the order of the full scores from the neighbours' part.

        Parameters
        ----------
        near : float32 array of shape (items,)

        Returns
        -------
        float32 array of shape (items,)
            The spectral part favours popular items, so this does as well, above all among items without neighbours.
        """
        result: NDArray[np.float32] = (near + EPSILON) / np.sqrt(self._shares.rows)
        return result

    def scores(self, matrix: sparse.csr_matrix) -> NDArray[np.float32]:
        """Return the scores of all items for many users: shape (users, items at training).

        `matrix` has the same shape; it holds the weight of each item of a history.
        """
        size = self._neighbours.shape[0]
        slow, sharp = self._slow.rows[:size], self._sharp.rows[:size]
        scores: NDArray[np.float32] = (matrix @ self._neighbours).toarray()
        scores += ((matrix @ slow) * self._gains) @ slow.T
        scores += (matrix.multiply(self._shares.rows[:size]).tocsr() @ slow) @ sharp.T
        return scores

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learnt, by name."""
        return {
            "starts": self._neighbours.indptr,
            "places": self._neighbours.indices,
            "weights": self._neighbours.data,
            "slow": self._slow.rows,
            "sharp": self._sharp.rows,
            "gains": self._gains,
            "shares": self._shares.rows,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> SharpenedFilter:
        """Make a filter of what `arrays` returned."""
        size = arrays["starts"].size - 1
        neighbours = sparse.csr_matrix((arrays["weights"], arrays["places"], arrays["starts"]), shape=(size, size))
        return cls(neighbours, *(arrays[name] for name in ("slow", "sharp", "gains", "shares")))


def interaction_matrix(interactions: Interactions) -> sparse.csr_matrix:
    """Return the binary interaction matrix: sparse, float32, of shape (users, items)."""
    users, items = interactions.unique_pairs()
    shape = (len(interactions.user_ids), len(interactions.item_ids))
    return sparse.csr_matrix((np.ones(users.size, np.float32), (users, items)), shape=shape)


def _normalise(interactions: Interactions, settings: FilterSettings) -> tuple[sparse.csr_matrix, NDArray[np.float32]]:
    """Return A up to its largest singular value, and the number of users of each item (at least one)."""
    matrix = interaction_matrix(interactions)
    lengths = np.maximum(1, np.diff(matrix.indptr)).astype(np.float32)
    popularity = np.maximum(1, np.bincount(matrix.indices, minlength=matrix.shape[1])).astype(np.float32)
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    matrix.data /= lengths[rows] ** settings.person_power * popularity[matrix.indices] ** settings.item_power
    return matrix, popularity


def _tail_share(coefficients: NDArray[np.float64], edge: float) -> float:
    """Return the least-squares multiple of x that approximates x times the polynomial, from 0 to the edge."""
    points = np.linspace(0, edge, TAIL_POINTS)
    exact = points * np.polynomial.polynomial.polyval(points, coefficients)
    return float((exact @ points) / (points @ points))


def _apply_polynomial(
    matrix: sparse.csr_matrix,
    transposed: sparse.csr_matrix,
    vectors: NDArray[np.float32],
    coefficients: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Return the polynomial of P times vectors, by Horner's scheme."""
    product = np.float32(coefficients[-1]) * vectors
    for coefficient in coefficients[-2::-1]:
        product = transposed @ (matrix @ product)
        product += np.float32(coefficient) * vectors
    return np.asarray(product, np.float32)


def _top_neighbours(transposed: sparse.csr_matrix, matrix: sparse.csr_matrix, factor: float) -> sparse.csr_matrix:
    """Return the highest entries of each row of P, times a factor, without P as a whole in memory."""
    blocks = []
    for begin in range(0, max(1, transposed.shape[0]), BLOCK):  # one (empty) block where there are no items
        block = (transposed[begin : begin + BLOCK] @ matrix).tocsr()
        closest = keep_top_per_row(block, NEIGHBOURS)
        closest.data *= np.float32(factor)
        blocks.append(closest)
    return sparse.csr_matrix(sparse.vstack(blocks))
