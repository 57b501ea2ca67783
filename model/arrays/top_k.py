"""The highest of many scores without sorting all of them, and softmax."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEVER = np.float32(-np.inf)  # score of an item that must not be shown
MIN_BLOCKS, BLOCKS_PER_PLACE = 256, 4  # more blocks leave fewer scores to sort, but take longer
FEW = 4_096  # scores, which are sorted faster than divided into blocks


def top_k(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the positions of the `count` highest of n scores, highest first; ties in the order of positions.

    Scores of `NEVER` are left out, so that there may be fewer.
    """
    if count <= 0:
        return np.empty(0, np.int64)
    candidates = _reaching(scores, count) if scores.size > FEW else None
    reached = scores if candidates is None else scores[candidates]
    # Sorted and not partitioned, since a partition takes ten times as long where most scores are equal.
    least = np.sort(reached)[-count] if reached.size > count else NEVER
    chosen = np.flatnonzero(reached > least)
    if least > NEVER and chosen.size < count:
        # Ties at the count-th score are cut by position, not by chance.
        chosen = np.concatenate([chosen, np.flatnonzero(reached == least)[: count - chosen.size]])
    candidates = chosen if candidates is None else candidates[chosen]
    return candidates[np.argsort(-scores[candidates], kind="stable")]


def _reaching(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the positions, ascending, of a few scores that include the `count` highest.

    At least `count` blocks have a maximum of at least the count-th highest block maximum, so no lower score is among
    the `count` highest. One vectorised pass takes a tenth of the time of a partition.
    """
    blocks = max(MIN_BLOCKS, BLOCKS_PER_PLACE * count)
    size = scores.size // blocks
    limit = NEVER
    if size >= 2:
        highest = scores[: size * blocks].reshape(size, blocks).max(axis=0)
        limit = np.partition(highest, blocks - count)[blocks - count]
    return np.flatnonzero(scores >= limit if limit > NEVER else scores > NEVER)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the softmax of an array of shape (n,): positive numbers that sum to one, in the order of the logits."""
    exponentials = np.exp(logits - logits.max(initial=NEVER))
    result: NDArray[np.float32] = exponentials / exponentials.sum()
    return result
