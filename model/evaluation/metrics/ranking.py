"""Ranking metrics per question, as arrays that can be averaged, sliced and resampled.

All are defined on the positions of wanted items in a list and on the number of wanted items. With one wanted item
recall equals the hit rate, and NDCG and the reciprocal rank depend on its rank only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    # Shape (questions, depth): whether the item at each position was wanted; false beyond the end of a list.
    Hits = NDArray[np.bool_]
    # Shape (questions,): the number of wanted items, at least one.
    Counts = NDArray[np.int64]
    # Shape (questions,).
    PerQuestion = NDArray[np.float64]


def precision(hits: Hits, cut: int) -> PerQuestion:
    """Return the share of the first `cut` positions that hold a wanted item; `cut` is at most the depth.

    Missing positions of a short list count as misses.
    """
    result: PerQuestion = hits[:, :cut].sum(axis=1) / cut
    return result


def recall(hits: Hits, wanted: Counts, cut: int) -> PerQuestion:
    """Return the share of the wanted items within the first `cut` positions.

    Divided by all wanted items, as LightGCN's evaluator does, not by at most `cut` of them
    (gusye1234/LightGCN-PyTorch, `RecallPrecision_ATk`).
    """
    result: PerQuestion = hits[:, :cut].sum(axis=1) / wanted
    return result


def hit_rate(hits: Hits, cut: int) -> PerQuestion:
    """Return 1 where one of the first `cut` positions holds a wanted item, else 0."""
    return np.asarray(hits[:, :cut].any(axis=1), np.float64)


def ndcg(hits: Hits, wanted: Counts, cut: int) -> PerQuestion:
    """Return the normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002) with binary relevance.

    The gain is divided by that of an ideal list of `cut` positions, as in LightGCN's evaluator, `NDCGatK_r`.
    """
    discounts = 1 / np.log2(np.arange(2, cut + 2))
    best = np.concatenate([[0.0], np.cumsum(discounts)])
    gained: PerQuestion = np.asarray(hits[:, :cut] * discounts[: hits.shape[1]]).sum(axis=1)
    result: PerQuestion = gained / best[np.minimum(wanted, cut)]
    return result


def reciprocal_rank(hits: Hits, cut: int) -> PerQuestion:
    """Return the reciprocal rank of the first wanted item, 0 without one in the first `cut` positions."""
    found = hits[:, :cut]
    return np.where(found.any(axis=1), 1 / (found.argmax(axis=1) + 1), 0.0)


def average_precision(hits: Hits, wanted: Counts, cut: int) -> PerQuestion:
    """Return the average precision: the mean of the precision at the wanted items; its mean over questions is MAP.

    Divided by the number of wanted items, at most `cut`, so that an ideal list has 1.
    """
    found = hits[:, :cut]
    at_place = np.cumsum(found, axis=1) / np.arange(1, found.shape[1] + 1)
    result: PerQuestion = (at_place * found).sum(axis=1) / np.minimum(wanted, cut)
    return result


def ranking_metrics(hits: Hits, wanted: Counts, cuts: Sequence[int]) -> dict[str, PerQuestion]:
    """Return all ranking metrics at all cuts by name, such as "ndcg@10": precision, recall, hr, ndcg, mrr, map."""
    metrics: dict[str, PerQuestion] = {}
    for cut in cuts:
        metrics[f"precision@{cut}"] = precision(hits, cut)
        metrics[f"recall@{cut}"] = recall(hits, wanted, cut)
        metrics[f"hr@{cut}"] = hit_rate(hits, cut)
        metrics[f"ndcg@{cut}"] = ndcg(hits, wanted, cut)
        metrics[f"mrr@{cut}"] = reciprocal_rank(hits, cut)
        metrics[f"map@{cut}"] = average_precision(hits, wanted, cut)
    return metrics
