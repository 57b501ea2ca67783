"""LightGCN as a recipe: item embeddings that were propagated along the interaction graph.

A user vector is the sum of their items' messages, as in the network's own propagation (`training.lightgcn`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.networks.serving.network_recipe import NetworkRecipe

if TYPE_CHECKING:
    from numpy.typing import NDArray


class LightGCNRecipe(NetworkRecipe):
    """Dot products of the user vector, scaled to its length in training, and the item vectors."""

    network = "lightgcn"
    item_arrays = ("vectors", "messages")

    def _scores(self, messages: NDArray[np.float32]) -> NDArray[np.float32]:
        result: NDArray[np.float32] = self._rows["vectors"].rows @ self._sized(messages).sum(axis=0)
        return result

    def _parts(self, messages: NDArray[np.float32], items: list[int]) -> NDArray[np.float32]:
        parts: NDArray[np.float32] = self._sized(messages) @ self._rows["vectors"].rows[items].T
        return parts

    def _sized(self, messages: NDArray[np.float32]) -> NDArray[np.float32]:
        length = np.maximum(np.linalg.norm(messages.sum(axis=0)), np.float32(1e-12))
        sized: NDArray[np.float32] = messages * (self._arrays["length"][0] / length)
        return sized
