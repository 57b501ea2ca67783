"""Chooses how transitions are counted, normalised and queried: the settings that rank held-out events best."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from model.recipes.item_to_item.transition_counts import count_transitions, normalise_counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions
    from model.recipes.hold_out import HeldOut
    from model.recipes.item_to_item.transition_counts import TransitionSettings

LIST = 25  # ranks that count


def choose_transition_settings(
    older: Interactions, questions: Sequence[HeldOut], trials: Sequence[TransitionSettings], min_gain: float = 1.0
) -> TransitionSettings:
    """Choose the settings with the highest discounted gain on held-out events.

    Parameters
    ----------
    questions : sequence of HeldOut
        Items that the user has seen are removed from the ranking.
    trials : sequence of TransitionSettings
        Those with the same window, decay and `itself` must be adjacent.
    min_gain : float
        Factor by which the gain of a later trial must be better.

    Returns
    -------
    TransitionSettings
        The first where none ranks any target.
    """
    size = len(older.item_ids)
    counts = np.bincount(older.items, weights=older.weights, minlength=size).astype(np.float32)
    targets = np.array([trial.target for trial in questions])
    seen = _rows([np.unique(question.seen) for question in questions], 1.0, size).astype(np.bool_)
    asked = np.zeros(size, np.bool_)  # only these rows are needed
    longest = max(trial.query_length for trial in trials)
    asked[[item for trial in questions for item in trial.history[:longest]]] = True
    best, most = trials[0], 0.0
    for _, group in groupby(trials, lambda trial: (trial.window, trial.decay, trial.itself)):
        same_counts = list(group)
        # Counted once for both directions.
        after = count_transitions(older, replace(same_counts[0], reverse=0.0), about=asked)
        forward, backward = _only(after, asked), _only(after.T.tocsr(), asked)
        for settings in same_counts:
            similarity = normalise_counts(forward + np.float32(settings.reverse) * backward, counts, settings)
            histories = [np.array(trial.history[: settings.query_length], np.int32) for trial in questions]
            scores = (_rows(histories, settings.query_decay, size) @ similarity).tocsr()
            gain = _gain(scores - scores.multiply(seen), targets)
            if gain > most * min_gain:
                best, most = settings, gain
    return best


def _only(counted: sparse.csr_matrix, wanted: NDArray[np.bool_]) -> sparse.csr_matrix:
    """Set all rows but the wanted ones to zero."""
    lengths = np.diff(counted.indptr)
    kept = np.repeat(wanted, lengths)
    starts = np.concatenate([[0], np.cumsum(np.where(wanted, lengths, 0))])
    return sparse.csr_matrix((counted.data[kept], counted.indices[kept], starts), shape=counted.shape)


def _rows(rows: Sequence[NDArray[np.int32]], decay: float, size: int) -> sparse.csr_matrix:
    """Return lists of items, newest first, as rows of item weights."""
    starts = np.cumsum([0, *(len(row) for row in rows)])
    items = np.concatenate(rows)
    weights = np.concatenate([np.float32(decay) ** np.arange(len(row), dtype=np.float32) for row in rows])
    return sparse.csr_matrix((weights, items, starts), shape=(len(rows), size))


def _gain(scores: sparse.csr_matrix, targets: NDArray[np.int64]) -> float:
    """Return the sum of the discounted gains of the targets in the scores of each row."""
    scores = scores.tocsr()
    rows = np.repeat(np.arange(targets.size), np.diff(scores.indptr))
    target_scores = np.zeros(targets.size, np.float32)
    hit = scores.indices == targets[rows]
    target_scores[rows[hit]] = scores.data[hit]
    ranks = np.bincount(rows, weights=scores.data > target_scores[rows], minlength=targets.size) + 1
    found = (target_scores > 0) & (ranks <= LIST)
    return float((1 / np.log2(1 + ranks[found])).sum())
