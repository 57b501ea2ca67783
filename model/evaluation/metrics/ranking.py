"""Ranking metrics, question by question: arrays that can be averaged, sliced and resampled.

All are defined on which places of a list hold a wanted item, and on how many items were wanted. With one wanted item
recall is the hit rate, and NDCG and the reciprocal rank depend on its rank alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Hits = NDArray[np.bool_]
    Counts = NDArray[np.int64]
    PerQuestion = NDArray[np.float64]


def precision(hits: Hits, cut: int) -> PerQuestion:
    """Return the share of the first `cut` places that hold a wanted item.

    Parameters
    ----------
    hits : bool array of shape (questions, depth)
        Whether the item in each place was wanted; false where a list is shorter.
    cut : int
        At most the depth.

    Returns
    -------
    float array of shape (questions,)
        A list that is too short is counted as if its missing places were wrong.
    """
    result: PerQuestion = hits[:, :cut].sum(axis=1) / cut
    return result


def recall(hits: Hits, wanted: Counts, cut: int) -> PerQuestion:
    """Return the share of the wanted items that stand in the first `cut` places.

    Parameters
    ----------
    hits : bool array of shape (questions, depth)
    wanted : integer array of shape (questions,)
        How many items were wanted, at least one.

    Returns
    -------
    float array of shape (questions,)
        Divided by all wanted items, as LightGCN's evaluator does, not by at most `cut` of them
        (gusye1234/LightGCN-PyTorch, `RecallPrecision_ATk`).
    """
    result: PerQuestion = hits[:, :cut].sum(axis=1) / wanted
    return result


def hit_rate(hits: Hits, cut: int) -> PerQuestion:
    """Return 1 where any of the first `cut` places holds a wanted item, else 0.

    Parameters
    ----------
    hits : bool array of shape (questions, depth)

    Returns
    -------
    float array of shape (questions,)
    """
    return np.asarray(hits[:, :cut].any(axis=1), np.float64)


def ndcg(hits: Hits, wanted: Counts, cut: int) -> PerQuestion:
    """Return the normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002), each wanted item worth one.

    Parameters
    ----------
    hits : bool array of shape (questions, depth)
    wanted : integer array of shape (questions,)

    Returns
    -------
    float array of shape (questions,)
        The gain over that of a list that has all wanted items first, as many as fit into `cut` places: LightGCN's
        evaluator, `NDCGatK_r`.
    """
    discounts = 1 / np.log2(np.arange(2, cut + 2))
    best = np.concatenate([[0.0], np.cumsum(discounts)])
    gained: PerQuestion = np.asarray(hits[:, :cut] * discounts[: hits.shape[1]]).sum(axis=1)
    result: PerQuestion = gained / best[np.minimum(wanted, cut)]
    return result


def reciprocal_rank(hits: Hits, cut: int) -> PerQuestion:
    """Return one over the rank of the first wanted item, 0 where none stands in the first `cut` places.

    Parameters
    ----------
    hits : bool array of shape (questions, depth)

    Returns
    -------
    float array of shape (questions,)
    """
    found = hits[:, :cut]
    return np.where(found.any(axis=1), 1 / (found.argmax(axis=1) + 1), 0.0)


def average_precision(hits: Hits, wanted: Counts, cut: int) -> PerQuestion:
    """Return the mean, over the wanted items, of the precision at their places; its mean is MAP.

    Parameters
    ----------
    hits : bool array of shape (questions, depth)
    wanted : integer array of shape (questions,)

    Returns
    -------
    float array of shape (questions,)
        Divided by as many wanted items as fit into `cut` places, so that a perfect list has 1.
    """
    found = hits[:, :cut]
    at_place = np.cumsum(found, axis=1) / np.arange(1, found.shape[1] + 1)
    result: PerQuestion = (at_place * found).sum(axis=1) / np.minimum(wanted, cut)
    return result


def ranking_metrics(hits: Hits, wanted: Counts, cuts: Sequence[int]) -> dict[str, PerQuestion]:
    """Return all ranking metrics at all cuts.

    Parameters
    ----------
    hits : bool array of shape (questions, depth)
    wanted : integer array of shape (questions,)

    Returns
    -------
    dict of float arrays of shape (questions,)
        By name, such as "ndcg@10": precision, recall, hr, ndcg, mrr, map.
    """
    found: dict[str, PerQuestion] = {}
    for cut in cuts:
        found[f"precision@{cut}"] = precision(hits, cut)
        found[f"recall@{cut}"] = recall(hits, wanted, cut)
        found[f"hr@{cut}"] = hit_rate(hits, cut)
        found[f"ndcg@{cut}"] = ndcg(hits, wanted, cut)
        found[f"mrr@{cut}"] = reciprocal_rank(hits, cut)
        found[f"map@{cut}"] = average_precision(hits, wanted, cut)
    return found
