"""Content embeddings: latent semantic vectors of items from their features, for items with few or no interactions.

Features (categories, words) are weighted by inverse document frequency, and the matrix of items and features is reduced
by a truncated SVD, so that features with the same co-occurrences get the same meaning: latent semantic analysis, after
Deerwester et al., "Indexing by Latent Semantic Analysis" (JASIS 41, 1990). A later item is folded in.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from model.arrays.growable import GrowableRows
from model.arrays.truncated_svd import right_singular_vectors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.catalogue import Catalogue

DIMENSIONS = 64
MAX_FEATURES = 50_000  # the most frequent ones; more cost memory for little gain
MIN_ITEMS = 2  # items with a feature; a feature of one item makes it similar to none
MAX_OF_ALL = 0.6  # a feature of more items than this share discriminates too little
RIDGE = 10.0  # users from which an item counts in full in the regression of embeddings on content


class Content:
    """A unit vector per item; zeros where an item has no known feature."""

    def __init__(self, vectors: NDArray[np.float32], projection: NDArray[np.float32], vocabulary: list[str]) -> None:
        self._rows = GrowableRows(vectors)
        self._projection = projection
        self._column_of = {feature: column for column, feature in enumerate(vocabulary)}

    @classmethod
    def fit(
        cls, item_ids: list[str], catalogue: Catalogue, dimensions: int = DIMENSIONS, co_occurrence_weight: float = 0.0
    ) -> Content:
        """Fit the latent semantic vectors of features and items.

        Parameters
        ----------
        item_ids : list of str
            In the order of the recipe; items outside the catalogue get zeros.
        co_occurrence_weight : float
            Of features that co-occur with a feature, relative to the feature itself.
        """
        frequency = Counter(feature for features in catalogue.features for feature in set(features))
        most = max(MIN_ITEMS, MAX_OF_ALL * len(catalogue.item_ids))
        frequent = [(count, feature) for feature, count in frequency.items() if MIN_ITEMS <= count <= most]
        frequent = sorted(frequent, key=lambda entry: (-entry[0], entry[1]))[:MAX_FEATURES]
        vocabulary = [feature for _, feature in frequent]
        rarity = np.log1p(len(catalogue.item_ids) / np.array([count for count, _ in frequent] or [1])).astype(
            np.float32
        )
        column_of = {feature: column for column, feature in enumerate(vocabulary)}
        place_of = {item: place for place, item in enumerate(item_ids)}
        rows: list[int] = []
        columns: list[int] = []
        for item, features in zip(catalogue.item_ids, catalogue.features, strict=True):
            known = [column_of[feature] for feature in dict.fromkeys(features) if feature in column_of]
            if item in place_of:
                rows += [place_of[item]] * len(known)
                columns += known
        values = rarity[columns] if columns else np.empty(0, np.float32)
        matrix = sparse.csr_matrix((values, (rows, columns)), shape=(len(item_ids), max(1, len(vocabulary))))
        if len(vocabulary) <= dimensions:
            projection = np.eye(matrix.shape[1], dtype=np.float32)  # few features need no reduction
        else:
            projection = right_singular_vectors(matrix, dimensions)
        if co_occurrence_weight:
            projection = _stretch_by_co_occurrence(matrix, projection, co_occurrence_weight)
        return cls(_to_unit(matrix @ projection), rarity[:, None] * projection, vocabulary)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The vectors of all items: float32 array of shape (items, dimensions)."""
        return self._rows.rows

    def vector(self, features: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vector of some features, of shape (dimensions,); zeros where none is known."""
        columns = [self._column_of[feature] for feature in dict.fromkeys(features) if feature in self._column_of]
        result: NDArray[np.float32] = _to_unit(self._projection[columns].sum(axis=0, keepdims=True))[0]
        return result

    def put(self, place: int, features: Sequence[str]) -> NDArray[np.float32]:
        """Append a new item (at the next position), or update one that has changed; return its vector."""
        vector = self.vector(features)
        if place == len(self._rows):
            self._rows.append(vector)
        else:
            self._rows.rows[place] = vector
        return vector

    def cosine(self, place: int) -> NDArray[np.float32]:
        """Return the cosine similarity of an item to all items (-1 to 1): shape (items,)."""
        result: NDArray[np.float32] = self.vectors @ self.vectors[place]
        return result

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to be saved, by name."""
        return {"content_vectors": self.vectors, "content_projection": self._projection}

    @property
    def vocabulary(self) -> list[str]:
        """The known features."""
        return list(self._column_of)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], vocabulary: list[str]) -> Content:
        """Restore content embeddings from their saved arrays."""
        return cls(arrays["content_vectors"], arrays["content_projection"], vocabulary)


def _to_unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
    result: NDArray[np.float32] = (vectors / np.maximum(lengths, np.float32(1e-9))).astype(np.float32)
    return result


def _stretch_by_co_occurrence(
    matrix: sparse.csr_matrix, vectors: NDArray[np.float32], co_occurrence_weight: float
) -> NDArray[np.float32]:
    """Rotate the singular vectors to the principal axes and scale these by a power of their singular values.

    Features that co-occur with many others get more weight, so that two items without a common feature are similar
    where their features co-occur with the same ones.
    """
    projected = np.asarray(matrix @ vectors, np.float32)
    strength, axes = np.linalg.eigh(projected.T @ projected)
    stretched = np.maximum(strength, 0) ** (co_occurrence_weight / 2)
    result: NDArray[np.float32] = (vectors @ (axes * stretched)).astype(np.float32)
    return result


def fit_ridge_map(
    content: NDArray[np.float32], embeddings: NDArray[np.float32], users: NDArray[Any]
) -> NDArray[np.float32]:
    """Fit the linear map from content vectors to interaction embeddings, by ridge regression.

    Parameters
    ----------
    content : float32 array of shape (items, content dimensions)
    embeddings : float32 array of shape (items, dimensions)
    users : array of shape (items,)
        Number of users of each; an item with more users has more weight.

    Returns
    -------
    float32 array of shape (content dimensions, dimensions)
    """
    weighted = content * np.minimum(users, RIDGE)[:, None].astype(np.float32)
    square = weighted.T @ content + np.float32(RIDGE) * np.eye(content.shape[1], dtype=np.float32)
    result: NDArray[np.float32] = np.linalg.solve(square, weighted.T @ embeddings).astype(np.float32)
    return result
