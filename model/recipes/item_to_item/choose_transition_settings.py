"""How steps are best counted, compared and asked for: what finds the events that are held out best by itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from model.recipes.item_to_item.transition_counts import compare, count_transitions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions
    from model.recipes.hold_out import HeldOut
    from model.recipes.item_to_item.transition_counts import TransitionSettings

LIST = 25  # places that count


def choose_transition_settings(
    older: Interactions, questions: Sequence[HeldOut], trials: Sequence[TransitionSettings], worth: float = 1.0
) -> TransitionSettings:
    """Choose from ways to count, compare and ask for steps.

    Parameters
    ----------
    older : Interactions
        Without the questions.
    questions : sequence of HeldOut
        What a user had touched before counts for no list.
    trials : sequence of Steps
        Those that count alike, but for how much "came before" weighs, stand together.
    worth : float
        By how much better the gain must be for a later one.

    Returns
    -------
    Steps
        The first where none finds anything.
    """
    size = len(older.item_ids)
    counts = np.bincount(older.items, weights=older.weights, minlength=size).astype(np.float32)
    targets = np.array([one.target for one in questions])
    seen = _histories(questions, 1.0, None, size).astype(np.bool_)
    asked = np.zeros(size, np.bool_)  # whose rows alone are looked at
    longest = max(one.query_length for one in trials)
    asked[[item for one in questions for item in one.history[:longest]]] = True
    best, most = trials[0], 0.0
    for _, alike in groupby(trials, lambda one: (one.window, one.decay, one.itself)):
        counted = list(alike)
        # One counting serves both directions.
        after = count_transitions(older, replace(counted[0], reverse=0.0), about=asked)
        forward, backward = _only(after, asked), _only(after.T.tocsr(), asked)
        for steps in counted:
            closeness = compare(forward + np.float32(steps.reverse) * backward, counts, steps)
            scores = (_histories(questions, steps.query_decay, steps.query_length, size) @ closeness).tocsr()
            gain = _gain(scores - scores.multiply(seen), targets)
            if gain > most * worth:
                best, most = steps, gain
    return best


def _only(counted: sparse.csr_matrix, wanted: NDArray[np.bool_]) -> sparse.csr_matrix:
    """Empty all other rows."""
    lengths = np.diff(counted.indptr)
    kept = np.repeat(wanted, lengths)
    starts = np.concatenate([[0], np.cumsum(np.where(wanted, lengths, 0))])
    return sparse.csr_matrix((counted.data[kept], counted.indices[kept], starts), shape=counted.shape)


def _histories(questions: Sequence[HeldOut], decay: float, length: int | None, size: int) -> sparse.csr_matrix:
    """Return the histories as rows, each item with its vote."""
    rows = [one.history[:length] for one in questions]
    starts = np.cumsum([0, *(len(row) for row in rows)])
    items = np.concatenate([np.array(row, np.int32) for row in rows])
    votes = np.concatenate([np.float32(decay) ** np.arange(len(row), dtype=np.float32) for row in rows])
    return sparse.csr_matrix((votes, items, starts), shape=(len(rows), size))


def _gain(scores: sparse.csr_matrix, targets: NDArray[np.int64]) -> float:
    """Return the sum of the discounted gains of the targets among the scores of each row."""
    scores = scores.tocsr()
    rows = np.repeat(np.arange(targets.size), np.diff(scores.indptr))
    mine = np.zeros(targets.size, np.float32)
    hit = scores.indices == targets[rows]
    mine[rows[hit]] = scores.data[hit]
    ranks = np.bincount(rows, weights=scores.data > mine[rows], minlength=targets.size) + 1
    found = (mine > 0) & (ranks <= LIST)
    return float((1 / np.log2(1 + ranks[found])).sum())
