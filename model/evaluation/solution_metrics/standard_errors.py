"""Standard errors of metrics, and metrics by user group: the judge needs both to compare two versions.

Amazon Personalize reports neither; GetSolutionMetrics returns a free-form map, so these are added to its metrics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions

STANDARD_ERROR = "_standard_error"
NEW_USERS, REGULAR_USERS, TAIL_ITEMS = "new_users", "regular_users", "tail_items"
SLICES = (NEW_USERS, REGULAR_USERS, TAIL_ITEMS)
NEW_HISTORY = 5  # interactions, fewer than which a user is new
TAIL_SHARE = 0.5  # of all interactions lie with items more popular than those of the tail
LEAST_QUESTIONS = 30  # fewer say too little of their own spread
DECIMALS = 6  # of a standard error; a whole digit more than the metrics have would say nothing


def popular_items(interactions: Interactions) -> frozenset[str]:
    """Return the fewest items that half of all interactions are with."""
    counts = np.bincount(interactions.items, minlength=len(interactions.item_ids))
    order = np.argsort(-counts, kind="stable")
    before = np.concatenate([[0], np.cumsum(counts[order])])[:-1]
    return frozenset(interactions.item_ids[place] for place in order[before < TAIL_SHARE * counts.sum()].tolist())


def slices_of(
    histories: Sequence[int], wanted: Sequence[Mapping[str, float]], popular: frozenset[str]
) -> dict[str, NDArray[np.bool_]]:
    """Return which questions belong to each slice; `histories` are the interactions before each question."""
    is_new = np.array([count < NEW_HISTORY for count in histories], dtype=np.bool_)
    in_tail = np.array([not popular.intersection(items) for items in wanted], dtype=np.bool_)
    return {NEW_USERS: is_new, REGULAR_USERS: ~is_new, TAIL_ITEMS: in_tail}


def standard_error(values: NDArray[np.float64]) -> float:
    """Return the standard error of the mean of two or more independent values."""
    return float(values.std(ddof=1) / np.sqrt(values.size))


def noise_of(
    values: Mapping[str, NDArray[np.float64]], sliced: str, slices: Mapping[str, NDArray[np.bool_]]
) -> dict[str, float]:
    """Return standard errors of metrics, and one metric by slice.

    Parameters
    ----------
    values : mapping of float arrays of shape (questions,)
        By metric.
    slices : mapping of bool arrays of shape (questions,)

    Returns
    -------
    dict of float
        `<metric>_standard_error`, `<sliced>_<slice>` and `<sliced>_<slice>_standard_error`, each where there are
        `LEAST_QUESTIONS` or more.
    """
    reported = {
        f"{name}{STANDARD_ERROR}": standard_error(found)
        for name, found in values.items()
        if found.size >= LEAST_QUESTIONS
    }
    for name, mask in slices.items():
        found = values[sliced][mask]
        if found.size >= LEAST_QUESTIONS:
            reported[f"{sliced}_{name}"] = float(found.mean())
            reported[f"{sliced}_{name}{STANDARD_ERROR}"] = standard_error(found)
    return {name: round(value, DECIMALS) for name, value in reported.items()}
