"""The validation metric of a ranking: where, among all items that a user has not touched, the held-out one stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from model.networks.problem import HeldOut

    Scorer = Callable[[NDArray[np.int32]], NDArray[np.float32]]

CUT = 20
METRIC = f"ndcg@{CUT}"
USERS_AT_ONCE = 128  # of 40,000 items, their scores take 20 MB
MAX_SCORES = 40_000_000  # of a validation; a large catalogue is asked for fewer users


def mean_ndcg(held: HeldOut, scorer: Scorer, most: int = MAX_SCORES) -> float:
    """Return the mean NDCG@20 of the held-out items among all that their users have not touched.

    Parameters
    ----------
    scorer : callable
        From int32 positions in `held.users`, of shape (n,), to float32 scores of shape (n, items).
    most : int
        Users who are asked.

    Returns
    -------
    float
        NaN where nothing is held out. One item is to be found, so it is 1 / log2(1 + rank), 0 from rank 21.
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
        # Equal scores count half, so that a network that scores all alike is not taken for a perfect one.
        above = (scores > wanted[:, None]).sum(axis=1)
        equal = (scores == wanted[:, None]).sum(axis=1) - 1
        ranks = above + equal / 2 + 1
        total += float(np.where(ranks <= CUT, 1 / np.log2(1 + ranks), 0.0).sum())
    return total / asked
