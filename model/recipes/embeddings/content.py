"""Items by what they are: latent meanings of their features, for items that few or nobody have touched.

Features (categories, words) are weighed by how rare they are, and the matrix of items and features is cut to its
strongest directions, so that features which occur in the same company mean the same: latent semantic analysis, after
Deerwester et al., "Indexing by Latent Semantic Analysis" (JASIS 41, 1990). An item that comes later is folded in.
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
MAX_FEATURES = 50_000  # the most frequent ones; more cost memory and tell little
MIN_ITEMS = 2  # an item alone with a feature is like no other for it
MAX_OF_ALL = 0.6  # a feature of more items than this share tells nothing
RIDGE = 10.0  # users that an item's place must be worth before content is believed to predict it


class Content:
    """A unit vector per item; zeros where nothing is known of it."""

    def __init__(self, vectors: NDArray[np.float32], projection: NDArray[np.float32], vocabulary: list[str]) -> None:
        self._rows = GrowableRows(vectors)
        self._projection = projection
        self._column_of = {feature: column for column, feature in enumerate(vocabulary)}

    @classmethod
    def fit(
        cls, item_ids: list[str], catalogue: Catalogue, dimensions: int = DIMENSIONS, co_occurrence_weight: float = 0.0
    ) -> Content:
        """Learn what features mean.

        Parameters
        ----------
        item_ids : list of str
            The items in the order of the recipe; those that are not in the catalogue get zeros.
        company : float
            How much the features count that a feature is often seen with, beside the feature itself.
        """
        frequency = Counter(feature for features in catalogue.features for feature in set(features))
        most = max(MIN_ITEMS, MAX_OF_ALL * len(catalogue.item_ids))
        useful = [(count, feature) for feature, count in frequency.items() if MIN_ITEMS <= count <= most]
        useful = sorted(useful, key=lambda one: (-one[0], one[1]))[:MAX_FEATURES]
        vocabulary = [feature for _, feature in useful]
        rarity = np.log1p(len(catalogue.item_ids) / np.array([count for count, _ in useful] or [1])).astype(np.float32)
        column_of = {feature: column for column, feature in enumerate(vocabulary)}
        place_of = {item: place for place, item in enumerate(item_ids)}
        rows: list[int] = []
        columns: list[int] = []
        for item, features in zip(catalogue.item_ids, catalogue.features, strict=True):
            found = [column_of[feature] for feature in dict.fromkeys(features) if feature in column_of]
            if item in place_of:
                rows += [place_of[item]] * len(found)
                columns += found
        values = rarity[columns] if columns else np.empty(0, np.float32)
        matrix = sparse.csr_matrix((values, (rows, columns)), shape=(len(item_ids), max(1, len(vocabulary))))
        if len(vocabulary) <= dimensions:
            directions = np.eye(matrix.shape[1], dtype=np.float32)  # few features need no summary
        else:
            directions = right_singular_vectors(matrix, dimensions)
        if co_occurrence_weight:
            directions = _stretch_by_co_occurrence(matrix, directions, co_occurrence_weight)
        return cls(_to_unit(matrix @ directions), rarity[:, None] * directions, vocabulary)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The vectors of all items: float32 array of shape (items, dimensions)."""
        return self._rows.rows

    def vector(self, features: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vector of something with these features; zeros where none is known.

        Returns
        -------
        float32 array of shape (dimensions,)
        """
        columns = [self._column_of[feature] for feature in dict.fromkeys(features) if feature in self._column_of]
        result: NDArray[np.float32] = _to_unit(self._projection[columns].sum(axis=0, keepdims=True))[0]
        return result

    def put(self, place: int, features: Sequence[str]) -> NDArray[np.float32]:
        """Take in an item that is new (its place is the next) or has changed.

        Returns
        -------
        float32 array of shape (dimensions,)
            Its vector.
        """
        vector = self.vector(features)
        if place == len(self._rows):
            self._rows.append(vector)
        else:
            self._rows.rows[place] = vector
        return vector

    def cosine(self, place: int) -> NDArray[np.float32]:
        """Return how much every item is like one of them (-1 to 1).

        Returns
        -------
        float32 array of shape (items,)
        """
        result: NDArray[np.float32] = self.vectors @ self.vectors[place]
        return result

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the vectors, by name."""
        return {"content_vectors": self.vectors, "content_projection": self._projection}

    @property
    def vocabulary(self) -> list[str]:
        """The features that it knows."""
        return list(self._column_of)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], vocabulary: list[str]) -> Content:
        """Make content of what `arrays` returned."""
        return cls(arrays["content_vectors"], arrays["content_projection"], vocabulary)


def _to_unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
    result: NDArray[np.float32] = (vectors / np.maximum(lengths, np.float32(1e-9))).astype(np.float32)
    return result


def _stretch_by_co_occurrence(
    matrix: sparse.csr_matrix, directions: NDArray[np.float32], co_occurrence_weight: float
) -> NDArray[np.float32]:
    """Turn directions to the principal ones and stretch them by a power of their strength.

    What many features share is strong, so that two items which share no feature but the company of their features come
    near each other.
    """
    seen = np.asarray(matrix @ directions, np.float32)
    strength, axes = np.linalg.eigh(seen.T @ seen)
    stretched = np.maximum(strength, 0) ** (co_occurrence_weight / 2)
    result: NDArray[np.float32] = (directions @ (axes * stretched)).astype(np.float32)
    return result


def fit_ridge_map(
    content: NDArray[np.float32], places: NDArray[np.float32], users: NDArray[Any]
) -> NDArray[np.float32]:
    """Return the linear map that takes what items are nearest to where they stand by who touched them.

    Parameters
    ----------
    content : float32 array of shape (items, content dimensions)
    places : float32 array of shape (items, dimensions)
    users : array of shape (items,)
        How many touched each; an item that many touched weighs more.

    Returns
    -------
    float32 array of shape (content dimensions, dimensions)
        By ridge regression.
    """
    weighed = content * np.minimum(users, RIDGE)[:, None].astype(np.float32)
    square = weighed.T @ content + np.float32(RIDGE) * np.eye(content.shape[1], dtype=np.float32)
    result: NDArray[np.float32] = np.linalg.solve(square, weighed.T @ places).astype(np.float32)
    return result
