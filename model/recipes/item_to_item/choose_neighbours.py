"""How items like an item are best told: what finds, by the newest item alone, what users came to next."""

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

PACES = ((10, 0.8), (10, 0.6), (30, 0.9))  # windows of steps with the decay of each step
REVERSES = (0.5, 1.0)
SHRINKAGES = (5.0, 20.0)
BESIDE = (0.1, 0.3, 1.0)  # weights of likeness beside closeness
# By how much better the gain must be for the next trial. What finds about as much is not taken, since trials begin with
# those whose lists differ most from item to item.
MIN_GAIN = 1.01


def transition_trials(exponents: Sequence[float]) -> list[TransitionSettings]:
    """Return the ways in which steps from one item may be counted and compared.

    Parameters
    ----------
    exponents : sequence of float
        Those to be tried, in the order of `MIN_GAIN`.
    """
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
        for (window, decay), exponent, reverse, shrinkage in product(PACES, exponents, REVERSES, SHRINKAGES)
    ]


def choose_weights(
    questions: Sequence[HeldOut],
    closeness: Callable[[int], NDArray[np.float32]],
    beside: Sequence[Callable[[int], NDArray[np.float32]]],
) -> list[float]:
    """Choose how much each kind of likeness weighs beside closeness, one after the other.

    Parameters
    ----------
    questions : sequence of HeldOut
        Whose answers were new to the user.
    closeness : callable
        Returns for an item how close all items are, from 0 to 1.
    beside : sequence of callables
        Each returns how much all items are like an item, from 0 to 1.

    Returns
    -------
    list of float
        Of each kind, one of `BESIDE`.
    """
    weights = [BESIDE[0]] * len(beside)
    gains = np.zeros((len(beside), len(BESIDE)))
    for place, told in enumerate(beside):
        for one in questions:
            item, seen = one.history[0], np.unique(one.history)
            score = closeness(item)
            for weight, other in zip(weights[:place], beside, strict=False):
                score += np.float32(weight) * other(item)
            likeness = told(item)
            for trial, weight in enumerate(BESIDE):
                gains[place, trial] += _gain(score + np.float32(weight) * likeness, one.target, seen)
        best = int(gains[place].argmax())
        weights[place] = BESIDE[best if gains[place, best] > gains[place, 0] * MIN_GAIN else 0]
    return weights


def _gain(scores: NDArray[np.float32], target: int, seen: NDArray[np.int64]) -> float:
    """Return the discounted gain of the target among what the user had not seen."""
    wanted = scores[target]
    above = int(np.count_nonzero(scores > wanted)) - int(np.count_nonzero(scores[seen] > wanted))
    return 1 / np.log2(2 + above) if wanted > 0 and above < LIST else 0.0
