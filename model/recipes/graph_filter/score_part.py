"""The graph filter as a part of a user's scores, for the items with the highest approximate scores."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from model.arrays.decay import decay_weights
from model.arrays.top_k import NEVER, top_k
from model.recipes.graph_filter.settings import FilterSettings
from model.recipes.graph_filter.sharpened_filter import SHORTLIST, SharpenedFilter
from model.recipes.popularity.popularity import count_users

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

# Fewer singular vectors than the recipe has: together with the other parts they rank as well, in less time.
SETTINGS = FilterSettings(directions=448)
# To try on a hold-out. With the first, popular items weigh more, as do the neighbours of an item relative to the
# singular vectors: with short histories of many items, such as reviews, it finds more.
TRIALS = (replace(SETTINGS, item_power=0.3, ideal_weight=0.03), SETTINGS)
QUERY_DECAY = 0.9  # of an item's weight relative to that of the next newer one
PREFIX = "graph_"


class GraphFilterPart:
    """A graph filter that scores a shortlist of items, and none of the user's history.

    Repeated items are scored by another part; their filter scores would dominate all others.
    """

    def __init__(self, learnt: SharpenedFilter, from_content: NDArray[np.float32], trained: int, size: int) -> None:
        self._filter = learnt
        self._from_content = from_content
        self._trained = trained
        self._size = size

    @classmethod
    def fit(cls, known: Interactions, content: NDArray[np.float32], settings: FilterSettings) -> GraphFilterPart:
        """Fit the filter on the interaction matrix; items without interactions are mapped from their content.

        Parameters
        ----------
        content : float32 array of shape (all items, content dimensions)
            First the items of the interactions, then those without interactions.
        """
        learnt = SharpenedFilter.fit(known, settings)
        users = count_users(known)
        return cls(learnt, learnt.add_cold_items(content, users), users.size, len(content))

    def shortlist(self, history: Sequence[int], decay: float) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the items that the history, newest first, scores above zero, each once, and their scores.

        At most the `SHORTLIST` items with the highest approximate scores are scored, and as many of the newest cold
        items.
        """
        used, weights = self._weighted(history, decay)
        if not used:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        near = self._filter.neighbour_scores(used, weights)
        approximate = self._filter.approximate_scores(near)
        approximate[self._trained :] = NEVER  # they have no neighbours
        approximate[used] = NEVER
        items = top_k(approximate, SHORTLIST)
        if self._size > self._trained:
            newest_cold = np.arange(max(self._trained, self._size - SHORTLIST), self._size)
            items = np.concatenate([items, newest_cold[~np.isin(newest_cold, used)]])
        scores = near[items] + self._filter.spectral_scores(used, weights, items)
        return items, np.maximum(scores, np.float32(0), out=scores)

    def contributions(self, history: Sequence[int], items: NDArray[np.int64], decay: float) -> NDArray[np.float32]:
        """Return the contribution of each item of a history to n scores above zero: shape (items of the history, n).

        An item that is in the history twice counts once.
        """
        contributions = np.zeros((len(history), items.size), np.float32)
        used, weights = self._weighted(history, decay)
        if used:
            contributions[[history.index(item) for item in used]] = self._filter.contributions(used, weights, items)
        return contributions

    def put(self, place: int, content: NDArray[np.float32]) -> None:
        """Append a new item, mapped from its content, of shape (content dimensions,); known items do not change."""
        if place == self._size:
            self._filter.append(content @ self._from_content)
            self._size += 1

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to be saved, by name."""
        learnt = {f"{PREFIX}{name}": array for name, array in self._filter.arrays().items()}
        return {**learnt, f"{PREFIX}from_content": self._from_content}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> GraphFilterPart | None:
        """Restore a part from its saved arrays; None where the model was saved without one."""
        own = {name.removeprefix(PREFIX): array for name, array in arrays.items() if name.startswith(PREFIX)}
        if not own:
            return None
        return cls(SharpenedFilter.from_arrays(own), own["from_content"], own["starts"].size - 1, len(own["slow"]))

    def _weighted(self, history: Sequence[int], decay: float) -> tuple[list[int], NDArray[np.float32]]:
        """Return the items of a history with non-zero vectors, each once, and their weights."""
        used = [item for item in dict.fromkeys(history) if self._filter.has_signal(item)]
        return used, decay_weights(len(used), decay)
