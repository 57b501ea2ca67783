"""The highest of many scores, found without sorting all of them; and shares of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEVER = np.float32(-np.inf)  # the score of an item that is not to be shown
MIN_BLOCKS, BLOCKS_PER_PLACE = 256, 4  # more blocks leave fewer scores to be sorted, and take longer themselves


def top_k(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the positions of the `count` highest scores, best first; equal scores in the order they stand in.

    Parameters
    ----------
    scores : float array of shape (n,)

    Returns
    -------
    int64 array of at most `count` positions
        None of a score of `NEVER`.
    """
    if count <= 0:
        return np.empty(0, np.int64)
    found = _reaching(scores, count)
    if found.size > count:
        # What ties at the count-th score is cut by position and not by chance. All are sorted, since a partition takes
        # ten times as long as that where most scores are equal.
        reached = scores[found]
        least = np.sort(reached)[reached.size - count]
        above = found[reached > least]
        found = np.concatenate([above, found[reached == least][: count - above.size]])
    return found[np.argsort(-scores[found], kind="stable")]


def _reaching(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the positions, in their order, of a few scores that the `count` highest are among.

    So many blocks have a highest score of at least the count-th of these, so no lower score is among the best. One
    pass of the processor's vector unit takes a tenth of the time of a partition.
    """
    blocks = max(MIN_BLOCKS, BLOCKS_PER_PLACE * count)
    size = scores.size // blocks
    limit = NEVER
    if size >= 2:
        highest = scores[: size * blocks].reshape(size, blocks).max(axis=0)
        limit = np.partition(highest, blocks - count)[blocks - count]
    return np.flatnonzero(scores >= limit if limit > NEVER else scores > NEVER)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return positive numbers in the order of the logits that sum to one.

    Parameters
    ----------
    logits : float array of shape (n,)

    Returns
    -------
    float array of shape (n,)
    """
    raised = np.exp(logits - logits.max(initial=NEVER))
    result: NDArray[np.float32] = raised / raised.sum()
    return result
