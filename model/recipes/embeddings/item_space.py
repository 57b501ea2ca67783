"""Items as points: a graph filter over who touched what, computed by a randomised SVD.

The matrix of users and items, each row and column divided by a power of its length, is cut to its strongest
directions. A user is the sum of their items, so a new item in a history moves the user at once and nobody
has to be trained again. The filter is that of Shen et al., "How Powerful is Graph Convolution for
Recommendation?" (CIKM 2021). Items without interactions are put where their content says that they belong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from model.arrays.growable import GrowableRows
from model.arrays.truncated_svd import right_singular_vectors
from model.recipes.embeddings.content import fit_ridge_map

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

DIMENSIONS = 48  # twice as many find hardly more, and half of the time of an answer goes by their number
# Amazon's hidden_dimension is 149 by default: as many times as a solution has more of them, it gets more here.
DIMENSIONS_PER_HIDDEN = DIMENSIONS / 149
MIN_DIMENSIONS = 32
POPULARITY_POWER = 0.4  # how much of an item's popularity its score gets back after the filter
QUERY_LENGTH = 50  # newest items of a history that count
QUERY_DECAY = 0.9  # per item, newest first
MIN_LENGTH = np.float32(1e-9)  # of a vector, so that one of an item alone is near to nothing


def dimensions_of(parameters: Mapping[str, str]) -> int:
    """Return how many dimensions a solution's hidden_dimension stands for."""
    stated = parameters.get("hidden_dimension")
    return DIMENSIONS if stated is None else max(MIN_DIMENSIONS, round(float(stated) * DIMENSIONS_PER_HIDDEN))


class ItemSpace:
    """A vector per item; the score of an item is its product with the decayed sum of a history's vectors."""

    def __init__(
        self, vectors: NDArray[np.float32], unscaled: NDArray[np.float32], from_content: NDArray[np.float32]
    ) -> None:
        self._vectors = GrowableRows(vectors)
        self._unscaled = GrowableRows(unscaled)
        self._from_content = from_content
        self._lengths = np.empty(0, np.float32)  # of the vectors, computed when they are asked for

    @classmethod
    def fit(cls, interactions: Interactions, content: NDArray[np.float32], dimensions: int = DIMENSIONS) -> ItemSpace:
        """Factorise who touched what.

        Parameters
        ----------
        content : float32 array of shape (all items, content dimensions)
            First the items of the interactions, then those that nobody has touched.
        """
        users, items = interactions.unique_pairs()
        shape = (len(interactions.user_ids), len(interactions.item_ids))
        user_degree = np.maximum(1, np.bincount(users, minlength=shape[0]))
        item_degree = np.maximum(1, np.bincount(items, minlength=shape[1]))
        values = 1.0 / np.sqrt(user_degree[users] * item_degree[items])
        matrix = sparse.csr_matrix((values.astype(np.float32), (users, items)), shape=shape)
        directions = right_singular_vectors(matrix, dimensions)
        raised = (item_degree**POPULARITY_POWER).astype(np.float32)
        mapping = fit_ridge_map(content[: shape[1]], directions, item_degree)
        cold = content[shape[1] :] @ mapping
        vectors = np.concatenate([directions * raised[:, None], cold]).astype(np.float32)
        unscaled = np.concatenate([np.reciprocal(raised * raised), np.ones(len(cold), np.float32)])
        return cls(np.ascontiguousarray(vectors), unscaled, mapping)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The vectors of all items: float32 array of shape (items, dimensions)."""
        return self._vectors.rows

    @property
    def unscaled(self) -> NDArray[np.float32]:
        """By what to multiply a vector when it stands in a history: float32 array of shape (items,)."""
        return self._unscaled.rows

    def user_vector(self, history: Sequence[int], decay: float = QUERY_DECAY) -> NDArray[np.float32]:
        """Return where a user stands.

        Parameters
        ----------
        history : sequence of int
            Newest first.
        decay : float
            Of an item's weight against that of the next newer one.

        Returns
        -------
        float32 array of shape (dimensions,)
        """
        result: NDArray[np.float32] = self.history_weights(history, decay) @ self.vectors[history[:QUERY_LENGTH]]
        return result

    def history_weights(self, history: Sequence[int], decay: float = QUERY_DECAY) -> NDArray[np.float32]:
        """Return how much each of a history's items weighs in the user's place.

        Returns
        -------
        float32 array of shape (items of the history that count,)
        """
        newest = history[:QUERY_LENGTH]
        decayed = np.float32(decay) ** np.arange(len(newest), dtype=np.float32)
        result: NDArray[np.float32] = self._unscaled.rows[newest] * decayed
        return result

    def contributions(
        self, history: Sequence[int], items: NDArray[np.int64], decay: float = QUERY_DECAY
    ) -> NDArray[np.float32]:
        """Return what each item of a history adds to the product of a user and some items.

        Parameters
        ----------
        items : int64 array of shape (n,)

        Returns
        -------
        float32 array of shape (items of the history, n)
            0 for those of the history that no longer count.
        """
        shares, vectors = self.history_weights(history, decay), self.vectors
        found = np.zeros((len(history), items.size), np.float32)
        found[: shares.size] = (vectors[history[: shares.size]] * shares[:, None]) @ vectors[items].T
        return found

    def cosine(self, place: int) -> NDArray[np.float32]:
        """Return how near every item lies to one of them, whatever their popularity: the cosine, -1 to 1.

        Returns
        -------
        float32 array of shape (items,)
        """
        if self._lengths.size != len(self._vectors):
            self._lengths = np.maximum(np.linalg.norm(self.vectors, axis=1), MIN_LENGTH)
        result: NDArray[np.float32] = self.vectors @ (self.vectors[place] / self._lengths[place])
        result /= self._lengths
        return result

    def put(self, place: int, content: NDArray[np.float32]) -> None:
        """Take in a new item, whose place is the next; one that is known stays where users have put it.

        Parameters
        ----------
        content : float32 array of shape (content dimensions,)
        """
        if place == len(self._vectors):
            self._vectors.append(content @ self._from_content)
            self._unscaled.append(1.0)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the vectors, by name."""
        return {
            "space_vectors": self.vectors,
            "space_unscaled": self._unscaled.rows,
            "space_from_content": self._from_content,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ItemSpace:
        """Make a space of what `arrays` returned."""
        return cls(arrays["space_vectors"], arrays["space_unscaled"], arrays["space_from_content"])
