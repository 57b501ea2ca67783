"""The items that are scored for one answer, and the place of each among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Candidates:
    """The items that an answer scores, and the place of each among them.

    Attributes
    ----------
    items : int64 array of shape (candidates,)
        Ascending.
    """

    def __init__(self, items: NDArray[np.int64], catalogue_size: int) -> None:
        self.items = items
        # Only the places of candidates are ever set or used: to fill the others would take longer.
        self._place_of = np.empty(catalogue_size, np.int32)
        self._place_of[items] = np.arange(items.size, dtype=np.int32)

    def places(self, items: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Return the places of items, all of which are candidates."""
        return self._place_of.take(items).astype(np.int64)

    def find(self, items: NDArray[np.integer[Any]]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the places of those items that are candidates, and which these are."""
        places = self._place_of.take(items).astype(np.int64)
        is_candidate = self.items.take(places, mode="clip") == items
        return places.compress(is_candidate), is_candidate
