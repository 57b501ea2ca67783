"""The parts of a user's scores, and their weighted sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.recipes.recipe import POPULAR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

# Next-item transitions; co-occurrence within a window; item embeddings; the graph filter; repeated items; recent
# popularity; popularity.
PARTS = ("next", "transitions", "space", "filter", "repeat", "recent", "popularity")

SAME_FOR_ALL_USERS = ("recent", "popularity")  # parts that do not depend on the user
RECENT_SHARE = 0.1  # of the events, the newest, that span one half-life of recent popularity
LATEST = 3  # newest items of a history, whose repetition is weighted apart from that of older ones

# Weights where there are too few data to choose them. Items just seen are poor first recommendations, so items of the
# history keep a tenth of their score, unless the hold-out shows that users return to them.
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
    "in_order": 1.0,  # whether the times of events give an order
}


@dataclass(frozen=True)
class Parts:
    """The parts of the scores of all items, by the names in `PARTS`.

    Attributes
    ----------
    values : dict of float32 arrays of shape (items,)
        None below zero.
    scales : dict of float
        Factor for each part that scales its maximum to one.
    """

    values: dict[str, NDArray[np.float32]]
    scales: dict[str, float]


def blend(parts: Parts, weights: Mapping[str, float]) -> NDArray[np.float32]:
    """Return the weighted sum of the parts: float32 array of shape (items,)."""
    summed = np.zeros_like(parts.values["popularity"])
    for name, values in parts.values.items():
        if weights[name]:
            summed += values * np.float32(weights[name] * parts.scales[name])
    return summed


def reasons_of(parts: Parts | None, weights: Mapping[str, float], items: Sequence[int]) -> list[str | None]:
    """Return `POPULAR` for items that are ranked by popularity only, None where the history contributes.

    `parts` is None for a user without history.
    """
    if parts is None:
        return [POPULAR] * len(items)
    from_history = np.zeros(len(items), np.bool_)
    for name, values in parts.values.items():
        if weights[name] and name not in SAME_FOR_ALL_USERS:
            from_history |= values[items] != 0
    return [None if is_from_history else POPULAR for is_from_history in from_history.tolist()]


def count_decayed(interactions: Interactions) -> NDArray[np.float32]:
    """Count the interactions of each item, decayed by age with a half-life from the data: shape (items,)."""
    newest = interactions.times.max(initial=0)
    since = np.quantile(interactions.times, 1 - RECENT_SHARE) if len(interactions) else 0
    ages = (newest - interactions.times) / max(1.0, float(newest - since))
    return np.bincount(interactions.items, weights=0.5**ages, minlength=len(interactions.item_ids)).astype(np.float32)


def scale_seen(scores: NDArray[np.float32], history: Sequence[int], weights: Mapping[str, float]) -> None:
    """Scale the scores, of shape (items,), of items in the history (newest first), in place.

    `weights` holds `kept_latest` and `kept`.
    """
    latest = list(set(history[:LATEST]))
    scores[latest] *= np.float32(weights["kept_latest"])
    scores[list(set(history[LATEST:]).difference(latest))] *= np.float32(weights["kept"])


def seen_factor(item: int, history: Sequence[int], weights: Mapping[str, float]) -> float:
    """Return the factor for the score of an item: below one where it is in the history (newest first).

    `weights` holds `kept_latest` and `kept`.
    """
    if item in history[:LATEST]:
        return weights["kept_latest"]
    return weights["kept"] if item in history else 1.0


def scale_to_one(values: NDArray[np.float32]) -> float:
    """Return the factor that scales the maximum to one; 0 where no value is above zero."""
    highest = float(values.max(initial=0.0))
    return 1.0 / highest if highest > 0 else 0.0
