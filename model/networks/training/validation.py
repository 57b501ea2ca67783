"""The validation metric: the NDCG of the held-out item among all items that the user has not interacted with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from model.networks.problem import HeldOut

    Scorer = Callable[[NDArray[np.int32]], NDArray[np.float32]]

CUTOFF = 20
METRIC = f"ndcg@{CUTOFF}"
USERS_AT_ONCE = 128  # their scores of 40,000 items take 20 MB
MAX_SCORES = 40_000_000  # of a validation; fewer users are evaluated on a large catalogue


def mean_ndcg(held: HeldOut, scorer: Scorer, most: int = MAX_SCORES) -> float:
    """Return the mean NDCG@20 of the held-out items among all items that their users have not interacted with.

    Parameters
    ----------
    scorer : callable
        Maps int32 positions in `held.users`, of shape (n,), to float32 scores of shape (n, items).
    most : int
        Users to evaluate on.

    Returns
    -------
    float
        NaN where nothing is held out. With one relevant item it is 1 / log2(1 + rank), 0 from rank 21.
    """
    train = held.train
    asked = min(held.users.size, most, max(1, MAX_SCORES // max(1, train.item_count)))
    if not asked:
        return float("nan")
    starts = train.starts()
    total = 0.0
    for begin in range(0, asked, USERS_AT_ONCE):
        places = np.arange(begin, min(asked, begin + USERS_AT_ONCE), dtype=np.int32)
        scores = scorer(places)
        rows = np.arange(places.size)
        wanted = scores[rows, held.items[places]]
        for row, user in enumerate(held.users[places].tolist()):
            scores[row, train.items[starts[user] : starts[user + 1]]] = -np.inf
        # Ties count half, so that a network with constant scores does not get a perfect metric.
        above = (scores > wanted[:, None]).sum(axis=1)
        equal = (scores == wanted[:, None]).sum(axis=1) - 1
        ranks = above + equal / 2 + 1
        total += float(np.where(ranks <= CUTOFF, 1 / np.log2(1 + ranks), 0.0).sum())
    return total / asked
