"""NeuMF as a recipe: the trained tower over a user vector that is the sum of their items' messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.networks.serving.network_recipe import NetworkRecipe
from model.networks.serving.neumf_tower import Tower

if TYPE_CHECKING:
    from numpy.typing import NDArray


class NeuMFRecipe(NetworkRecipe):
    """Scores by the tower (`training.neumf`).

    The tower is piecewise linear, so the contribution of an item of the history is its message times the gradient at
    the user vector; the remainder is the contribution "network".
    """

    network = "neumf"
    item_arrays = ("products", "firsts", "messages")

    def _scores(self, messages: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._tower().scores(messages.sum(axis=0))

    def _parts(self, messages: NDArray[np.float32], items: list[int]) -> NDArray[np.float32]:
        tower, user = self._tower(), messages.sum(axis=0)
        gradients = np.array([tower.gradient(user, item) for item in items]).reshape(len(items), user.size)
        parts: NDArray[np.float32] = messages @ gradients.T
        return parts

    def _tower(self) -> Tower:
        rows = {name: row_array.rows for name, row_array in self._rows.items()}
        return Tower({**self._arrays, **rows})
