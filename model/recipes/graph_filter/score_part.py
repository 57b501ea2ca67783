"""The graph filter as a part of a user's scores: what it says of the items that it finds likeliest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model.arrays.top_k import NEVER, top_k
from model.recipes.graph_filter.settings import FilterSettings
from model.recipes.graph_filter.sharpened_filter import SHORTLIST, SharpenedFilter
from model.recipes.popularity.popularity import count_users

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

# Fewer directions than the filter has by itself: beside the other parts they find as much, in less time.
SETTINGS = FilterSettings(directions=448)
QUERY_DECAY = 0.9  # of an item's weight against that of the next newer one
PREFIX = "graph_"


class GraphFilterPart:
    """A graph filter that speaks of few items at a time, and of none that the user has touched.

    What a user comes back to is another part's to say: next to what was touched, all else would look small.
    """

    def __init__(self, learnt: SharpenedFilter, from_content: NDArray[np.float32], trained: int, size: int) -> None:
        self._filter = learnt
        self._from_content = from_content
        self._trained = trained
        self._size = size

    @classmethod
    def fit(cls, known: Interactions, content: NDArray[np.float32], settings: FilterSettings) -> GraphFilterPart:
        """Learn who touched what; items that nobody has touched are put where their content says.

        Parameters
        ----------
        content : float32 array of shape (all items, content dimensions)
            First the items of the interactions, then those that nobody has touched.
        """
        learnt = SharpenedFilter.fit(known, settings)
        users = count_users(known)
        return cls(learnt, learnt.add_cold_items(content, users), users.size, len(content))

    def scores(self, history: Sequence[int], decay: float) -> NDArray[np.float32]:
        """Return the part of the scores.

        Parameters
        ----------
        history : sequence of int
            Newest first.
        decay : float
            Of an item's weight against that of the next newer one.

        Returns
        -------
        float32 array of shape (items,)
            None below zero; zero for all but the `SHORTLIST` likeliest and as many that came last, untouched.
        """
        found = np.zeros(self._size, np.float32)
        touched, weights = self._weighed(history, decay)
        if touched:
            near = self._filter.neighbour_scores(touched, weights)
            likely = self._filter.approximate_scores(near)
            likely[self._trained :] = NEVER  # no neighbour speaks for them
            came_last = np.arange(max(self._trained, self._size - SHORTLIST), self._size)
            short = np.concatenate([top_k(likely, SHORTLIST), came_last])
            found[short] = np.maximum(0, near[short] + self._filter.spectral_scores(touched, weights, short))
            found[touched] = 0
        return found

    def contributions(self, history: Sequence[int], items: NDArray[np.int64], decay: float) -> NDArray[np.float32]:
        """Return what each item of a history adds to the part's scores of some items, where these are above zero.

        Parameters
        ----------
        items : int64 array of shape (n,)

        Returns
        -------
        float32 array of shape (items of the history, n)
            An item that is in the history twice speaks once.
        """
        found = np.zeros((len(history), items.size), np.float32)
        touched, weights = self._weighed(history, decay)
        if touched:
            found[[history.index(one) for one in touched]] = self._filter.contributions(touched, weights, items)
        return found

    def put(self, place: int, content: NDArray[np.float32]) -> None:
        """Take in a new item, whose place is the next; one that is known stays where users have put it.

        Parameters
        ----------
        content : float32 array of shape (content dimensions,)
        """
        if place == self._size:
            self._filter.append(content @ self._from_content)
            self._size += 1

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learnt, by name."""
        learnt = {f"{PREFIX}{name}": array for name, array in self._filter.arrays().items()}
        return {**learnt, f"{PREFIX}from_content": self._from_content}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> GraphFilterPart | None:
        """Make a part of what `arrays` returned.

        Returns
        -------
        FilterPart or None
            None where the model was kept without one.
        """
        own = {name.removeprefix(PREFIX): array for name, array in arrays.items() if name.startswith(PREFIX)}
        if not own:
            return None
        return cls(SharpenedFilter.from_arrays(own), own["from_content"], own["starts"].size - 1, len(own["slow"]))

    def _weighed(self, history: Sequence[int], decay: float) -> tuple[list[int], NDArray[np.float32]]:
        """Return the items of a history that say anything, each once, and how much each counts."""
        touched = [item for item in dict.fromkeys(history) if self._filter.has_signal(item)]
        return touched, np.float32(decay) ** np.arange(len(touched), dtype=np.float32)
