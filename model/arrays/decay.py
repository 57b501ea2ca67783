"""Weights of the items of a history that decay with their place."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEPT = 64  # weights that are computed once per decay


def decay_weights(count: int, decay: float) -> NDArray[np.float32]:
    """Return the weights of a history's items, newest first: read-only float32 array of shape (count,).

    `decay` is the weight of an item relative to that of the next newer one.
    """
    return _powers(decay, KEPT)[:count] if count <= KEPT else _powers(decay, count)


@lru_cache(maxsize=64)
def _powers(decay: float, count: int) -> NDArray[np.float32]:
    powers: NDArray[np.float32] = np.float32(decay) ** np.arange(count, dtype=np.float32)
    powers.flags.writeable = False
    return powers
