"""A graph filter over who touched what, blurred and then sharpened, in closed form.

P holds how closely items are tied by the users who touched both: A'A, where A is the matrix of users and items with
each row and column divided by a power of its sum, and all of it by its greatest singular value. The powers are chosen
and not 1/2 both (Fu et al., "Revisiting Neighborhood-based Link Prediction for Collaborative Filtering", WWW 2022):
users who touched much tell more than that would let them. What a user x has touched is blurred to x P and, with a
weight, to its slowest directions, x D^-p V V' D^p with D how many touched each item and p the power of items (Shen et
al., "How Powerful is Graph Convolution for Recommendation?", CIKM 2021); then it is sharpened by one step of Runge and
Kutta's method along -P (Choi et al., "Blurring-Sharpening Process Models for Collaborative Filtering", SIGIR 2023),
which is a polynomial of P.

The paper multiplies by P five times for each user. Here the polynomial is taken once, at training: exactly along the
slowest directions, and along all others, which P shrinks to less than a tenth on Gowalla, as a multiple of P. What is
left for an answer is a sum over the neighbours of the items touched, and one product of vectors.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from model.arrays.growable import GrowableRows
from model.arrays.truncated_svd import right_singular_vectors, singular_vector_count
from model.recipes.embeddings.content import fit_ridge_map
from model.recipes.graph_filter.settings import FilterSettings
from model.recipes.item_to_item.transition_counts import keep_top_per_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

NEIGHBOURS = 1000  # the strongest of each item that are kept
# More directions are looked for than are kept: the search mixes its last ones with those that it leaves out.
SPARE_VECTORS = 128
SHORTLIST = 500  # likeliest items that an answer looks at in full; a full look at 41,000 takes ten times as long
TERMS = (1.0, -1.0, 1 / 2, -1 / 6, 1 / 24)  # of Runge and Kutta's method for a linear equation, by powers of time
BLOCK = 512  # items whose neighbours are looked for at once
TAIL_POINTS = 64
DEFAULTS = FilterSettings()
FAINT = np.float32(1e-20)  # less than any neighbour says


class SharpenedFilter:
    """What each touched item says of every other item.

    Parameters
    ----------
    neighbours : sparse float32 matrix of shape (items that were touched at the training, the same)
        Row i: what item i says of its closest ones, beside the two products.
    slow : float32 array of shape (items, directions)
        V: where an item stands along the slowest directions, for the first product.
    sharp : float32 array of shape (items, directions)
        D^p V after sharpening: where an item of an answer stands for the second product.
    gains : float32 array of shape (directions,)
        By what the first product weighs each direction.
    shares : float32 array of shape (items,)
        By what the second product weighs a touched item.
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
        # Of the least touched item, which an item that nobody has touched is most like.
        self._new_share = float(shares.max(initial=0)) or DEFAULTS.ideal_weight

    @classmethod
    def fit(cls, interactions: Interactions, settings: FilterSettings = DEFAULTS) -> SharpenedFilter:
        """Learn who touched what; how often and when does not count."""
        matrix, users = _normalise(interactions, settings)
        count = singular_vector_count(*matrix.shape, settings.directions)
        slow = np.ascontiguousarray(right_singular_vectors(matrix, count + SPARE_VECTORS)[:, :count])
        # By what P multiplies each direction: the squares of the singular values.
        closeness = np.square(matrix @ slow).sum(axis=0, dtype=np.float64)
        greatest = float(closeness.max(initial=0)) or 1.0
        matrix.data /= np.float32(math.sqrt(greatest))
        closeness /= greatest
        coefficients = np.array(TERMS) * np.power(settings.sharpened_for, np.arange(len(TERMS)))
        share = _tail_share(coefficients, float(closeness.min(initial=1.0)))
        sharpened = closeness * np.polynomial.polynomial.polyval(closeness, coefficients)
        transposed = matrix.T.tocsr()
        neighbours = _top_neighbours(transposed, matrix, share)
        # What the neighbours that are kept say of each direction, so that what was cut is given back along them.
        told = np.einsum("ij,ij->j", slow, neighbours.T @ slow)
        return cls(
            neighbours,
            slow,
            _apply_polynomial(matrix, transposed, users[:, None] ** settings.item_power * slow, coefficients),
            (sharpened - told).astype(np.float32),
            (settings.ideal_weight / users**settings.item_power).astype(np.float32),
        )

    @property
    def embeddings(self) -> NDArray[np.float32]:
        """Where items stand for both products: float32 array of shape (items, 2 directions)."""
        return np.concatenate([self._slow.rows, self._sharp.rows], axis=1)

    def add_cold_items(self, content: NDArray[np.float32], users: NDArray[Any]) -> NDArray[np.float32]:
        """Take in the items that nobody has touched, where their content says that they stand.

        Parameters
        ----------
        content : float32 array of shape (all items, content dimensions)
            First the items of the training, then those that nobody has touched.
        users : array of shape (items of the training,)
            How many touched each.

        Returns
        -------
        float32 array of shape (content dimensions, 2 directions)
            By which to multiply the content of an item to come, for `append`.
        """
        from_content = fit_ridge_map(content[: users.size], self.embeddings, users)
        for vector in content[users.size :]:
            self.append(vector @ from_content)
        return from_content

    def append(self, standing: NDArray[np.float32]) -> None:
        """Take in an item that nobody has touched.

        Parameters
        ----------
        standing : float32 array of shape (2 directions,)
            Where content says that it stands, as in `standing`.
        """
        slow, sharp = np.split(standing, 2)
        self._slow.append(slow)
        self._sharp.append(sharp)
        self._shares.append(self._new_share)

    def has_signal(self, item: int) -> bool:
        """Tell whether an item says anything of others: one that nobody had touched does where its content does."""
        return item < self._neighbours.shape[0] or bool(self._slow.rows[item].any())

    def neighbour_scores(self, items: Sequence[int], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the part of the scores that neighbours give.

        Parameters
        ----------
        items : sequence of int
            Touched.
        weights : float32 array of shape (touched items,)

        Returns
        -------
        float32 array of shape (all items,)
        """
        trained, touched = self._neighbours.shape[0], np.asarray(items, np.int64)
        known = touched < trained
        found = np.zeros(len(self._slow), np.float32)
        found[:trained] = self._neighbours[touched[known]].T @ weights[known]
        return found

    def spectral_scores(
        self, items: Sequence[int], weights: NDArray[np.float32], asked: NDArray[np.int64] | None = None
    ) -> NDArray[np.float32]:
        """Return the part of the scores that the slowest directions give.

        Parameters
        ----------
        items : sequence of int
            Touched.
        weights : float32 array of shape (touched items,)
        asked : integer array of shape (n,), optional
            The items to be scored; all where it is missing.

        Returns
        -------
        float32 array of shape (n,)
        """
        trained = self._neighbours.shape[0]
        touched = self._slow.rows[items]
        # The first product sets right what neighbours say, which those who were not at the training do not have.
        first = ((weights * (np.asarray(items) < trained)) @ touched) * self._gains
        second = (weights * self._shares.rows[items]) @ touched
        if asked is None:
            result: NDArray[np.float32] = self._sharp.rows @ second
            result[:trained] += self._slow.rows[:trained] @ first
            return result
        some: NDArray[np.float32] = self._sharp.rows[asked] @ second
        some += (self._slow.rows[asked] @ first) * (asked < trained)
        return some

    def contributions(
        self, items: Sequence[int], weights: NDArray[np.float32], asked: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return what each touched item adds to the scores of some items, before summing.

        Parameters
        ----------
        items : sequence of int
            Touched.
        weights : float32 array of shape (touched items,)
        asked : integer array of shape (n,)

        Returns
        -------
        float32 array of shape (touched items, n)
        """
        asked, places = np.unique(asked, return_inverse=True)
        trained = self._neighbours.shape[0]
        touched = np.asarray(items)
        known, those = touched < trained, asked < trained
        slow, standing = self._slow.rows[touched], self._slow.rows[asked] * self._gains
        found: NDArray[np.float32] = (slow * self._shares.rows[touched, None]) @ self._sharp.rows[asked].T
        found[np.ix_(known, those)] += slow[known] @ standing[those].T
        found[np.ix_(known, those)] += self._neighbours[touched[known]][:, asked[those]].toarray()
        found *= weights[:, None]
        return found[:, places]

    def approximate_scores(self, near: NDArray[np.float32]) -> NDArray[np.float32]:
        """Guess from the part that neighbours give how whole scores are ordered.

        Parameters
        ----------
        near : float32 array of shape (items,)

        Returns
        -------
        float32 array of shape (items,)
            The other part favours what many touched, so this does, too, above all among those of no neighbours.
        """
        result: NDArray[np.float32] = (near + FAINT) / np.sqrt(self._shares.rows)
        return result

    def scores(self, matrix: sparse.csr_matrix) -> NDArray[np.float32]:
        """Return the scores of all items for many users at once.

        Parameters
        ----------
        matrix : sparse float32 matrix of shape (users, items touched at the training)
            How much each touched item counts.

        Returns
        -------
        float32 array of shape (users, items touched at the training)
        """
        size = self._neighbours.shape[0]
        slow, sharp = self._slow.rows[:size], self._sharp.rows[:size]
        found: NDArray[np.float32] = (matrix @ self._neighbours).toarray()
        found += ((matrix @ slow) * self._gains) @ slow.T
        found += (matrix.multiply(self._shares.rows[:size]).tocsr() @ slow) @ sharp.T
        return found

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
    """Return who touched what: ones.

    Returns
    -------
    sparse float32 matrix of shape (users, items)
    """
    users, items = interactions.unique_pairs()
    shape = (len(interactions.user_ids), len(interactions.item_ids))
    return sparse.csr_matrix((np.ones(users.size, np.float32), (users, items)), shape=shape)


def _normalise(interactions: Interactions, settings: FilterSettings) -> tuple[sparse.csr_matrix, NDArray[np.float32]]:
    """Return A but for its greatest singular value, and how many users touched each item (one where nobody did)."""
    matrix = interaction_matrix(interactions)
    lengths = np.maximum(1, np.diff(matrix.indptr)).astype(np.float32)
    popularity = np.maximum(1, np.bincount(matrix.indices, minlength=matrix.shape[1])).astype(np.float32)
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    matrix.data /= lengths[rows] ** settings.person_power * popularity[matrix.indices] ** settings.item_power
    return matrix, popularity


def _tail_share(coefficients: NDArray[np.float64], edge: float) -> float:
    """Return by what a multiple of x comes nearest to x times the polynomial, from 0 to the edge."""
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
    found = np.float32(coefficients[-1]) * vectors
    for coefficient in coefficients[-2::-1]:
        found = transposed @ (matrix @ found)
        found += np.float32(coefficient) * vectors
    return np.asarray(found, np.float32)


def _top_neighbours(transposed: sparse.csr_matrix, matrix: sparse.csr_matrix, factor: float) -> sparse.csr_matrix:
    """Return the strongest entries of each row of P, times a factor; P as a whole is never in memory."""
    blocks = []
    for begin in range(0, max(1, transposed.shape[0]), BLOCK):  # one block, though empty, where there is no item
        block = (transposed[begin : begin + BLOCK] @ matrix).tocsr()
        closest = keep_top_per_row(block, NEIGHBOURS)
        closest.data *= np.float32(factor)
        blocks.append(closest)
    return sparse.csr_matrix(sparse.vstack(blocks))
