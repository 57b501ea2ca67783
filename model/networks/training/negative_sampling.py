"""Negative sampling: items without an interaction of the user, drawn uniformly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.networks.problem import Problem

# Rounds of redrawing. The limit ends the loop for a user who interacted with all items; the last draw is then used.
ROUNDS = 10


class NegativeSampler:
    """Draws items for users, without those that a user interacted with."""

    def __init__(self, problem: Problem) -> None:
        self._interacted = np.unique(problem.keys)
        self._item_count = problem.item_count

    def draw(self, users: NDArray[np.int32], random: np.random.Generator) -> NDArray[np.int32]:
        """Draw one item for each entry of `users`: an int32 array of the same shape."""
        items = random.integers(0, self._item_count, users.size, dtype=np.int32)
        open_places = np.flatnonzero(self._have_interactions(users, items))
        for _ in range(ROUNDS):
            if not open_places.size:
                break
            items[open_places] = random.integers(0, self._item_count, open_places.size, dtype=np.int32)
            open_places = open_places[self._have_interactions(users[open_places], items[open_places])]
        return items

    def _have_interactions(self, users: NDArray[np.int32], items: NDArray[np.int32]) -> NDArray[np.bool_]:
        keys = users.astype(np.int64) * self._item_count + items
        places = np.minimum(np.searchsorted(self._interacted, keys), self._interacted.size - 1)
        result: NDArray[np.bool_] = self._interacted[places] == keys
        return result
