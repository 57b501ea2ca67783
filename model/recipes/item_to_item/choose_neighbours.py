"""Chooses the settings of similar items: those that predict, from the latest item alone, the user's next item."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from model.recipes.item_to_item.choose_transition_settings import LIST
from model.recipes.item_to_item.transition_counts import NEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from model.recipes.hold_out import HeldOut
    from model.recipes.item_to_item.transition_counts import TransitionSettings

WINDOWS = ((10, 0.8), (10, 0.6), (30, 0.9))  # window in events, with the decay per event
UNORDERED_WINDOWS = ((10, 1.0), (30, 1.0))  # where times give no order
REVERSES = (0.5, 1.0)
SHRINKAGES = (5.0, 20.0)
SIMILARITY_WEIGHTS = (0.1, 0.3, 1.0)  # of embedding and content similarity, relative to co-occurrence
# Factor by which the NDCG of a later trial must be better. Of about equal ones the first is taken, since trials begin
# with those whose lists differ most from item to item.
MIN_GAIN = 1.01


def transition_trials(exponents: Sequence[float], in_order: bool) -> list[TransitionSettings]:
    """Return the settings to try for transitions from one item; `exponents` are in the order of preference."""
    windows, reverses = (WINDOWS, REVERSES) if in_order else (UNORDERED_WINDOWS, (1.0,))
    return [
        replace(
            NEAR,
            window=window,
            decay=decay,
            reverse=reverse,
            exponent=exponent,
            shrinkage=shrinkage,
            query_length=1,
        )
        for (window, decay), exponent, reverse, shrinkage in product(windows, exponents, reverses, SHRINKAGES)
    ]


def choose_weights(
    questions: Sequence[HeldOut],
    co_occurrence: Callable[[int], NDArray[np.float32]],
    similarities: Sequence[Callable[[int], NDArray[np.float32]]],
) -> list[float]:
    """Choose the weight of each similarity relative to co-occurrence, one after the other.

    Parameters
    ----------
    questions : sequence of HeldOut
        Whose items were new to the user.
    co_occurrence : callable
        Returns the co-occurrence of an item with all items, from 0 to 1.
    similarities : sequence of callables
        Each returns the similarity of an item to all items, from 0 to 1.

    Returns
    -------
    list of float
        For each similarity, one of `SIMILARITY_WEIGHTS`.
    """
    weights = [SIMILARITY_WEIGHTS[0]] * len(similarities)
    gains = np.zeros((len(similarities), len(SIMILARITY_WEIGHTS)))
    for place, similarity in enumerate(similarities):
        for question in questions:
            item, seen = question.history[0], np.unique(question.seen)
            score = co_occurrence(item)
            for weight, other in zip(weights[:place], similarities, strict=False):
                score += np.float32(weight) * other(item)
            added = similarity(item)
            for trial, weight in enumerate(SIMILARITY_WEIGHTS):
                gains[place, trial] += _gain(score + np.float32(weight) * added, question.target, seen)
        best = int(gains[place].argmax())
        weights[place] = SIMILARITY_WEIGHTS[best if gains[place, best] > gains[place, 0] * MIN_GAIN else 0]
    return weights


def _gain(scores: NDArray[np.float32], target: int, seen: NDArray[np.int32]) -> float:
    """Return the discounted gain (one term of the DCG) of the target among the items that the user had not seen."""
    wanted = scores[target]
    above = int(np.count_nonzero(scores > wanted)) - int(np.count_nonzero(scores[seen] > wanted))
    return 1 / np.log2(2 + above) if wanted > 0 and above < LIST else 0.0
