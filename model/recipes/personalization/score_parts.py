"""The parts of a user's scores, and the sum of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.recipes.recipe import POPULAR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

# What comes next; what comes within some steps; what lies near in the item space; what the graph filter leads to; what
# the user comes back to; what is popular of late; what is popular.
PARTS = ("next", "transitions", "space", "filter", "repeat", "recent", "popularity")

SAME_FOR_ALL_USERS = ("recent", "popularity")  # the parts that are the same whoever asks
RECENT_SHARE = 0.1  # of the events, the newest, that lie within one half-life of what is popular of late
LATEST = 3  # newest items of a history; whether users touch them again is another question than of those before

# What is not worth choosing on little data. What was just touched makes a poor first recommendation, so whatever lies
# in the history keeps a tenth of its score, unless the newest events say that users come back.
FALLBACK = {
    **dict.fromkeys(PARTS, 0.0),
    "transitions": 0.6,
    "space": 0.4,
    "popularity": 0.1,
    "kept_latest": 0.1,
    "kept": 0.1,
    "context": 0.5,
    "features": 0.0,
    "exponent": 0.5,
    "shrinkage": 5.0,
    "query_decay": 0.8,
    "in_order": 1.0,  # whether the times of events tell an order
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


def reasons_of(parts: Parts | None, weights: Mapping[str, float], items: Sequence[int]) -> list[str | None]:
    """Say for which items nothing speaks but how popular they are.

    Parameters
    ----------
    parts : Parts or None
        None of a stranger.
    weights : mapping
        By the names of the parts.

    Returns
    -------
    list of str or None
        `POPULAR`, or None where the user's history speaks for the item.
    """
    if parts is None:
        return [POPULAR] * len(items)
    spoken_for = np.zeros(len(items), np.bool_)
    for name, values in parts.values.items():
        if weights[name] and name not in SAME_FOR_ALL_USERS:
            spoken_for |= values[items] != 0
    return [None if spoken else POPULAR for spoken in spoken_for.tolist()]


def count_decayed(interactions: Interactions) -> NDArray[np.float32]:
    """Count the interactions of each item, each decayed by its age at a half-life that the data suggest.

    Returns
    -------
    float32 array of shape (items,)
    """
    newest = interactions.times.max(initial=0)
    since = np.quantile(interactions.times, 1 - RECENT_SHARE) if len(interactions) else 0
    ages = (newest - interactions.times) / max(1.0, float(newest - since))
    return np.bincount(interactions.items, weights=0.5**ages, minlength=len(interactions.item_ids)).astype(np.float32)


def scale_seen(scores: NDArray[np.float32], history: Sequence[int], weights: Mapping[str, float]) -> None:
    """Leave the items of a history the share of their scores that they keep.

    Parameters
    ----------
    scores : float32 array of shape (items,)
        Changed in place.
    history : sequence of int
        Newest first.
    weights : mapping
        With kept_latest and kept.
    """
    latest = list(set(history[:LATEST]))
    scores[latest] *= np.float32(weights["kept_latest"])
    scores[list(set(history[LATEST:]).difference(latest))] *= np.float32(weights["kept"])


def seen_factor(item: int, history: Sequence[int], weights: Mapping[str, float]) -> float:
    """Return the share of its score that an item keeps.

    Parameters
    ----------
    history : sequence of int
        Newest first.
    weights : mapping
        With kept_latest and kept.
    """
    if item in history[:LATEST]:
        return weights["kept_latest"]
    return weights["kept"] if item in history else 1.0


def scale_to_one(values: NDArray[np.float32]) -> float:
    """Return by what to multiply values so that the highest is one; 0 where none is above zero.

    Parameters
    ----------
    values : float32 array
    """
    highest = float(values.max(initial=0.0))
    return 1.0 / highest if highest > 0 else 0.0
