"""NeuMF as a recipe: the tower that was trained, over a user who is the sum of what their items say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.networks.serving.network_recipe import NetworkRecipe
from model.networks.serving.neumf_tower import Tower

if TYPE_CHECKING:
    from numpy.typing import NDArray


class NeuMFRecipe(NetworkRecipe):
    """Scores by the tower (`networks.neumf`).

    The tower is linear between its bends, so an item of the history adds what it says times the slope where the
    user stands; what is left is the network's own leaning to the item.
    """

    network = "neumf"
    item_arrays = ("products", "firsts", "messages")

    def _scores(self, messages: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._tower().scores(messages.sum(axis=0))

    def _parts(self, messages: NDArray[np.float32], items: list[int]) -> NDArray[np.float32]:
        tower, user = self._tower(), messages.sum(axis=0)
        slopes = np.array([tower.slope(user, item) for item in items]).reshape(len(items), user.size)
        parts: NDArray[np.float32] = messages @ slopes.T
        return parts

    def _tower(self) -> Tower:
        rows = {name: one.rows for name, one in self._rows.items()}
        return Tower({**self._arrays, **rows})
