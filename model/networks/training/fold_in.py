"""Fold-in: a user vector as the sum of their items' messages, so that an event changes it without training.

A user vector is a linear map of their items' messages, newest first, each weighted by `decay` relative to the next
newer one. The map is fitted on the users at training; decay and map are those with the best NDCG on the held-out items.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from model.networks.training.validation import mean_ndcg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from model.networks.problem import HeldOut, Problem

DECAYS = (1.0, 0.95, 0.85)
RIDGE = 1e-3  # relative to the mean square of the features: regularises the map where users are fewer than dimensions
MAX_ASKED = 400  # users of the hold-out by whom the decay is chosen


@dataclass(frozen=True)
class FoldIn:
    """How user vectors are computed from items.

    Attributes
    ----------
    messages : float32 array of shape (items, dimensions)
        The contribution of each item to the vectors of its users.
    metric : float
        NDCG@20 of these user vectors on the held-out items; NaN where there are none.
    """

    messages: NDArray[np.float32]
    decay: float
    metric: float


def decayed_sums(problem: Problem, messages: NDArray[np.float32], decay: float) -> NDArray[np.float32]:
    """Return, for every user, the decayed sum of messages over the root of the summed decays.

    Parameters
    ----------
    messages : float32 array of shape (items, dimensions)

    Returns
    -------
    float32 array of shape (users, dimensions)
        The root keeps long histories from weighing as much more as they are longer.
    """
    starts = problem.starts()
    age = starts[problem.users + 1] - 1 - np.arange(len(problem))
    weights = np.power(decay, age)
    totals = np.bincount(problem.users, weights, minlength=problem.user_count)
    shape = (problem.user_count, problem.item_count)
    scaled = (weights / np.sqrt(totals[problem.users])).astype(np.float32)
    result: NDArray[np.float32] = sparse.csr_matrix((scaled, problem.items, starts), shape=shape) @ messages
    return result


def fit_linear_map(
    sums: NDArray[np.float32], users: NDArray[np.float32], weights: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Fit the matrix that maps sums of messages to trained user vectors, by ridge regression.

    Parameters
    ----------
    sums : float32 array of shape (users, features)
    users : float32 array of shape (users, dimensions)
    weights : float32 array of shape (users,), optional

    Returns
    -------
    float32 array of shape (features, dimensions)
    """
    weighted = sums if weights is None else sums * weights[:, None]
    square = weighted.T @ sums
    strength = RIDGE * np.trace(square) / max(1, square.shape[0]) + 1e-12
    mapping: NDArray[np.float32] = np.linalg.solve(
        square + strength * np.eye(square.shape[0], dtype=np.float32), weighted.T @ users
    ).astype(np.float32)
    return mapping


def choose(
    held: HeldOut,
    candidates: Iterable[NDArray[np.float32]],
    scorer: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> FoldIn:
    """Choose messages and decay by the held-out items.

    Parameters
    ----------
    candidates : iterable of float32 arrays of shape (items, dimensions)
        Messages; the first are chosen where nothing is held out.
    scorer : callable
        Maps user vectors, float32 of shape (n, dimensions), to scores of shape (n, items).
    """
    train = held.train
    decays = DECAYS if np.ptp(train.times) > 0 else DECAYS[:1]  # without times there is no newest item
    best: FoldIn | None = None
    for messages in candidates:
        for decay in decays:
            users = decayed_sums(train, messages, decay)
            metric = mean_ndcg(held, lambda places, users=users: scorer(users[held.users[places]]), MAX_ASKED)  # type: ignore[misc]
            if best is None or metric > best.metric:
                best = FoldIn(messages, decay, metric)
    if best is None:
        raise ValueError("there are no messages to choose from")
    return best
