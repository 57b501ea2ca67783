"""The parts of a user's scores, and their weighted sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.recipes.recipe import POPULAR, SEEN_OFFSET, Contribution

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

# Next-item transitions; co-occurrence within a window; a ridge regression on the items of the history; item embeddings;
# the graph filter; repeated items; recent popularity; popularity.
PARTS = ("next", "transitions", "ridge", "space", "filter", "repeat", "recent", "popularity")

SAME_FOR_ALL_USERS = ("recent", "popularity")  # parts that do not depend on the user
RECENT_SHARE = 0.1  # of the events, the newest, that span one half-life of recent popularity
LATEST = 3  # newest items of a history, whose repetition is weighted apart from that of older ones

# Weights where there are too few data to choose them. In lists that show items again, items just seen are poor first
# recommendations, so items of the history keep a tenth of their score, unless the hold-out shows that users return.
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
    "penalty": 100.0,  # of the ridge regression, in events
    "item_power": 0.4,  # of the graph filter, as its ideal_weight
    "ideal_weight": 0.1,
    "in_order": 1.0,  # whether the times of events give an order
    "repeats": 0.0,  # whether lists show items of the history
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


@dataclass(frozen=True)
class Reach:
    """What a history contributes to the scores of items.

    Attributes
    ----------
    sparse : dict
        By the name of a part that is zero for most items: items, of shape (n,), and a score for each; an item may
        occur several times, and its part is the sum.
    user_vector : float32 array of shape (dimensions,), optional
        Its dot products with the vectors of items are the part "space".
    """

    sparse: dict[str, tuple[NDArray[np.int64], NDArray[np.float32]]]
    user_vector: NDArray[np.float32] | None


def blend(parts: Parts, weights: Mapping[str, float]) -> NDArray[np.float32]:
    """Return the weighted sum of the parts: float32 array of shape (items,)."""
    weighted = [
        values * np.float32(weights[name] * parts.scales[name])
        for name, values in parts.values.items()
        if weights[name] and parts.scales[name]
    ]
    summed = weighted[0] if weighted else np.zeros_like(parts.values["popularity"])
    for values in weighted[1:]:
        summed += values
    return summed


def reasons_of(
    parts: Parts | None, weights: Mapping[str, float], items: Sequence[int] | NDArray[np.int64]
) -> list[str | None]:
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


def lower_seen(
    scores: NDArray[np.float32],
    history: Sequence[int],
    seen: NDArray[np.integer[Any]],
    weights: Mapping[str, float],
    repeats: bool,
) -> None:
    """Lower the scores, of shape (items,), of all items that the user has interacted with, in place.

    Parameters
    ----------
    history : sequence of int
        The latest of these items, newest first.
    seen : int array
        All of them.
    weights : mapping
        `kept_latest` and `kept`: the factors for scores, where the list shows items again.
    repeats : bool
        Whether the list shows items again; if not, these follow all others.
    """
    if not repeats:
        scores[seen] -= SEEN_OFFSET
        return
    latest = list(set(history[:LATEST]))
    scores_of_latest = scores[latest] * np.float32(weights["kept_latest"])
    scores[seen] *= np.float32(weights["kept"])
    scores[latest] = scores_of_latest


def lower_contributions(
    parts: list[Contribution],
    item: int,
    history: Sequence[int],
    seen: Container[int],
    weights: Mapping[str, float],
    repeats: bool,
) -> list[Contribution]:
    """Return the contributions to the score of an item as `lower_seen` lowers the score."""
    is_latest = item in history[:LATEST]
    if not is_latest and item not in seen:
        return parts
    if not repeats:
        return [Contribution("seen", -float(SEEN_OFFSET)), *parts]
    factor = weights["kept_latest" if is_latest else "kept"]
    return [Contribution(part.name, part.weight * factor) for part in parts]


def scale_to_one(values: NDArray[np.float32], least: float = 0.0) -> float:
    """Return the factor that scales the maximum, or `least` if it is higher, to one; 0 where no value is above zero."""
    highest = max(float(values.max(initial=0.0)), least)
    return 1.0 / highest if highest > 0 else 0.0
