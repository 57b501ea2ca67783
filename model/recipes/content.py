"""Items by what they are: features weighed by how rare they are, for items that nobody has touched yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.recipes.recipe import Catalogue

DECAY = 0.9  # per history item, newest first


class Content:
    """A unit vector of features per item: first the items with interactions, then the cold ones.

    Attributes
    ----------
    cold_ids : list of str
        Items of the catalogue that have no interaction.
    cold_created : int64 array
        Their creation in epoch seconds; 0 where unknown.
    """

    def __init__(
        self, vectors: sparse.csr_matrix, known: int, cold_ids: list[str], cold_created: NDArray[np.int64]
    ) -> None:
        self._known = vectors[:known]
        self._cold = vectors[known:]
        self.cold_ids = cold_ids
        self.cold_created = cold_created
        self._cold_of = {item: place for place, item in enumerate(cold_ids)}

    @classmethod
    def fit(cls, known_ids: list[str], catalogue: Catalogue) -> Content:
        """Weigh the features of the catalogue.

        Parameters
        ----------
        known_ids : list of str
            Items with interactions, in the recipe's order.
        catalogue : Catalogue

        Returns
        -------
        Content
        """
        place_of = {item: place for place, item in enumerate(known_ids)}
        cold = [place for place, item in enumerate(catalogue.item_ids) if item not in place_of]
        for place in cold:
            place_of[catalogue.item_ids[place]] = len(place_of)
        rows: list[int] = []
        columns: list[int] = []
        feature_of: dict[str, int] = {}
        for item, features in zip(catalogue.item_ids, catalogue.features, strict=True):
            for feature in set(features):
                rows.append(place_of[item])
                columns.append(feature_of.setdefault(feature, len(feature_of)))
        shape = (len(place_of), max(1, len(feature_of)))
        created = np.array([catalogue.created[place] for place in cold], np.int64)
        vectors = _unit_vectors(np.array(rows, np.int64), np.array(columns, np.int64), shape)
        return cls(vectors, len(known_ids), [catalogue.item_ids[place] for place in cold], created)

    def is_cold(self, item_id: str) -> bool:
        """Tell whether an item is in the catalogue but has no interaction."""
        return item_id in self._cold_of

    def cold_scores(self, history: Sequence[int]) -> NDArray[np.float32]:
        """Return how much each cold item is like a history (0 to 1).

        Parameters
        ----------
        history : sequence of int
            Newest first.

        Returns
        -------
        float32 array of shape (cold items,)
        """
        if not history:
            return np.zeros(len(self.cold_ids), np.float32)
        weights = np.float32(DECAY) ** np.arange(len(history), dtype=np.float32)
        person = sparse.csr_matrix((weights / weights.sum())[None, :]) @ self._known[list(history)]
        return np.asarray((self._cold @ person.T).toarray(), np.float32).ravel()

    def like_cold(self, item_id: str) -> NDArray[np.float32]:
        """Return how much each known item is like a cold one (0 to 1).

        Parameters
        ----------
        item_id : str

        Returns
        -------
        float32 array of shape (known items,)
        """
        one = self._cold[self._cold_of[item_id]]
        return np.asarray((self._known @ one.T).toarray(), np.float32).ravel()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the vectors, by name.

        Returns
        -------
        dict of arrays
        """
        both = sparse.vstack([self._known, self._cold]).tocsr()
        return {
            "content_values": both.data,
            "content_columns": both.indices,
            "content_starts": both.indptr,
            "content_shape": np.array([*both.shape, self._known.shape[0]], np.int64),
            "content_created": self.cold_created,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], cold_ids: list[str]) -> Content:
        """Make content of what `arrays` returned.

        Parameters
        ----------
        arrays : mapping
        cold_ids : list of str

        Returns
        -------
        Content
        """
        rows, columns, known = arrays["content_shape"].tolist()
        parts = (arrays["content_values"], arrays["content_columns"], arrays["content_starts"])
        return cls(sparse.csr_matrix(parts, shape=(rows, columns)), known, cold_ids, arrays["content_created"])


def _unit_vectors(rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]) -> sparse.csr_matrix:
    frequency = np.bincount(columns, minlength=shape[1])
    rarity = np.log1p(shape[0] / np.maximum(1, frequency)).astype(np.float32)
    lengths = np.sqrt(np.bincount(rows, weights=rarity[columns] ** 2, minlength=shape[0]))
    values = rarity[columns] / np.maximum(1e-9, lengths[rows])
    return sparse.csr_matrix((values.astype(np.float32), (rows, columns)), shape=shape)
