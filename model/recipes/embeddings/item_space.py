"""Item embeddings from interactions: a linear graph filter, computed by a randomised SVD.

The interaction matrix, with rows and columns normalised by a power of their degree, is reduced by a truncated SVD. A
user vector is the sum of the vectors of their items, so that a new item in a history changes the user at once, without
training. The filter is that of Shen et al., "How Powerful is Graph Convolution for Recommendation?" (CIKM 2021). Items
without interactions are mapped from their content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from model.arrays.decay import decay_weights
from model.arrays.growable import GrowableRows
from model.arrays.truncated_svd import right_singular_vectors
from model.recipes.embeddings.content import fit_ridge_map

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

DIMENSIONS = 48  # twice as many hardly raise recall, and half of the time of an answer is proportional to it
# Amazon's hidden_dimension is 149 by default; other values scale the dimensions here in proportion.
DIMENSIONS_PER_HIDDEN = DIMENSIONS / 149
MIN_DIMENSIONS = 32
POPULARITY_POWER = 0.4  # exponent with which an item's popularity is multiplied back into its score
QUERY_LENGTH = 50  # newest items of a history that are used
QUERY_DECAY = 0.9  # per item, newest first
MIN_LENGTH = np.float32(1e-9)  # of a vector, so that a zero vector is similar to none


def dimensions_of(parameters: Mapping[str, str]) -> int:
    """Return the number of dimensions for a solution's hidden_dimension."""
    stated = parameters.get("hidden_dimension")
    return DIMENSIONS if stated is None else max(MIN_DIMENSIONS, round(float(stated) * DIMENSIONS_PER_HIDDEN))


class ItemSpace:
    """A vector per item; an item's score is its dot product with the decayed sum of the history's vectors."""

    def __init__(
        self, vectors: NDArray[np.float32], unscaled: NDArray[np.float32], from_content: NDArray[np.float32]
    ) -> None:
        self._vectors = GrowableRows(vectors)
        self._unscaled = GrowableRows(unscaled)
        self._from_content = from_content
        self._lengths = np.empty(0, np.float32)  # of the vectors, computed lazily

    @classmethod
    def fit(cls, interactions: Interactions, content: NDArray[np.float32], dimensions: int = DIMENSIONS) -> ItemSpace:
        """Factorise the interaction matrix.

        Parameters
        ----------
        content : float32 array of shape (all items, content dimensions)
            First the items of the interactions, then those without interactions.
        """
        users, items = interactions.unique_pairs()
        shape = (len(interactions.user_ids), len(interactions.item_ids))
        user_degree = np.maximum(1, np.bincount(users, minlength=shape[0]))
        item_degree = np.maximum(1, np.bincount(items, minlength=shape[1]))
        values = 1.0 / np.sqrt(user_degree[users] * item_degree[items])
        matrix = sparse.csr_matrix((values.astype(np.float32), (users, items)), shape=shape)
        singular_vectors = right_singular_vectors(matrix, dimensions)
        popularity = (item_degree**POPULARITY_POWER).astype(np.float32)
        mapping = fit_ridge_map(content[: shape[1]], singular_vectors, item_degree)
        cold = content[shape[1] :] @ mapping
        vectors = np.concatenate([singular_vectors * popularity[:, None], cold]).astype(np.float32)
        unscaled = np.concatenate([np.reciprocal(popularity * popularity), np.ones(len(cold), np.float32)])
        return cls(np.ascontiguousarray(vectors), unscaled, mapping)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The vectors of all items: float32 array of shape (items, dimensions)."""
        return self._vectors.rows

    @property
    def unscaled(self) -> NDArray[np.float32]:
        """The factors for a vector in a history: float32 array of shape (items,)."""
        return self._unscaled.rows

    def user_vector(self, history: Sequence[int], decay: float = QUERY_DECAY) -> NDArray[np.float32]:
        """Return the user vector, of shape (dimensions,), of a history, newest first."""
        newest = np.array(history[:QUERY_LENGTH], np.int64)
        result: NDArray[np.float32] = self.history_weights(newest, decay) @ self.vectors.take(newest, axis=0)
        return result

    def history_weights(self, newest: NDArray[np.int64], decay: float = QUERY_DECAY) -> NDArray[np.float32]:
        """Return the weights in the user vector of the newest items of a history, at most `QUERY_LENGTH`."""
        result: NDArray[np.float32] = self._unscaled.rows.take(newest) * decay_weights(newest.size, decay)
        return result

    def scores(self, user_vector: NDArray[np.float32], items: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """Return the dot products of a user vector with the vectors of items, by default all; 0 for negative ones."""
        vectors = self.vectors if items is None else self.vectors.take(items, axis=0)
        products: NDArray[np.float32] = vectors @ user_vector
        return np.maximum(products, np.float32(0), out=products)

    def contributions(
        self, history: Sequence[int], items: NDArray[np.int64], decay: float = QUERY_DECAY
    ) -> NDArray[np.float32]:
        """Return the contribution of each item of a history to the scores of n items: shape (items of the history, n).

        It is 0 for those of the history that are too old to count.
        """
        newest, vectors = np.array(history[:QUERY_LENGTH], np.int64), self.vectors
        weights = self.history_weights(newest, decay)
        contributions = np.zeros((len(history), items.size), np.float32)
        contributions[: newest.size] = (vectors[newest] * weights[:, None]) @ vectors[items].T
        return contributions

    def cosine(self, place: int) -> NDArray[np.float32]:
        """Return the cosine similarity of an item to all items (-1 to 1), independent of popularity: shape (items,)."""
        if self._lengths.size != len(self._vectors):
            self._lengths = np.maximum(np.linalg.norm(self.vectors, axis=1), MIN_LENGTH)
        result: NDArray[np.float32] = self.vectors @ (self.vectors[place] / self._lengths[place])
        result /= self._lengths
        return result

    def put(self, place: int, content: NDArray[np.float32]) -> None:
        """Append a new item, mapped from its content, of shape (content dimensions,); known items do not change."""
        if place == len(self._vectors):
            self._vectors.append(content @ self._from_content)
            self._unscaled.append(1.0)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to be saved, by name."""
        return {
            "space_vectors": self.vectors,
            "space_unscaled": self._unscaled.rows,
            "space_from_content": self._from_content,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ItemSpace:
        """Restore item embeddings from their saved arrays."""
        return cls(arrays["space_vectors"], arrays["space_unscaled"], arrays["space_from_content"])
