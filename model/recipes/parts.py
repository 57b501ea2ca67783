"""The parts of a person's scores, and the sum of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# What comes next; what comes within some steps; what lies near in the item space; what the person comes back to; what
# is popular of late; what is popular.
PARTS = ("next", "transitions", "space", "repeat", "recent", "popularity")

# What is not worth choosing on little data. What was just touched makes a poor first recommendation, so whatever lies
# in the history keeps a tenth of its score, unless the newest events say that people come back.
FALLBACK = {
    **dict.fromkeys(PARTS, 0.0),
    "transitions": 0.6,
    "space": 0.4,
    "popularity": 0.1,
    "kept": 0.1,
    "context": 0.5,
    "features": 0.0,
    "exponent": 0.5,
    "shrinkage": 5.0,
    "query_decay": 0.8,
}


@dataclass(frozen=True)
class Parts:
    """The parts of the scores of all items, by name as in `PARTS`.

    Attributes
    ----------
    values : dict of float32 arrays of shape (items,)
        None below zero.
    scales : dict of float
        By which to multiply each so that it is at most one.
    """

    values: dict[str, NDArray[np.float32]]
    scales: dict[str, float]


def blend(parts: Parts, weights: Mapping[str, float]) -> NDArray[np.float32]:
    """Sum the parts with their weights.

    Parameters
    ----------
    parts : Parts
    weights : mapping
        By the names of the parts.

    Returns
    -------
    float32 array of shape (items,)
    """
    summed = np.zeros_like(parts.values["popularity"])
    for name, values in parts.values.items():
        if weights[name]:
            summed += values * np.float32(weights[name] * parts.scales[name])
    return summed


def scale_of(values: NDArray[np.float32]) -> float:
    """Return by what to multiply values so that the highest is one; 0 where none is above zero.

    Parameters
    ----------
    values : float32 array

    Returns
    -------
    float
    """
    highest = float(values.max(initial=0.0))
    return 1.0 / highest if highest > 0 else 0.0
