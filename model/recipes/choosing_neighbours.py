"""How items like an item are best told: what finds, by the newest item alone, what people came to next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from model.recipes.steps import NEAR, compare, count_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from model.recipes.held_out import HeldOut
    from model.recipes.interactions import Interactions
    from model.recipes.steps import Steps

PACES = ((10, 0.8), (10, 0.6), (30, 0.9))  # windows of steps with the decay of each step
REVERSES = (0.5, 1.0)
SHRINKAGES = (5.0, 20.0)
BESIDE = (0.1, 0.3, 1.0)  # weights of likeness beside closeness
LIST = 25  # places that count
# By how much better the gain must be for the next trial. What finds about as much is not taken, since trials begin with
# those whose lists differ most from item to item.
WORTH = 1.01


@dataclass(frozen=True)
class Asked:
    """Questions of which item is like an item: only those whose answer was new to the person.

    Attributes
    ----------
    items, targets : int64 arrays of shape (questions,)
        The newest item of a history, and what came after it.
    seen : list of int64 arrays
        The items of each history, which are left out of the lists.
    """

    items: NDArray[np.int64]
    targets: NDArray[np.int64]
    seen: list[NDArray[np.int64]]


def asked_of(questions: Sequence[HeldOut]) -> Asked:
    """Ask for what is like the newest items.

    Parameters
    ----------
    questions : sequence of HeldOut

    Returns
    -------
    Asked
    """
    new = [one for one in questions if one.target not in one.history]
    items, targets = (
        np.array(part, np.int64) for part in ([one.history[0] for one in new], [one.target for one in new])
    )
    return Asked(items, targets, [np.unique(one.history) for one in new])


def choose_steps(older: Interactions, asked: Asked, exponents: Sequence[float]) -> Steps:
    """Choose how far steps are counted, how "came before" weighs, and how counts are compared.

    Parameters
    ----------
    older : Interactions
        Before the questions.
    asked : Asked
    exponents : sequence of float
        Those to be tried, in the order of `WORTH`.

    Returns
    -------
    Steps
    """
    size = len(older.item_ids)
    rows = np.zeros(size, np.bool_)
    rows[asked.items] = True
    counts = np.bincount(older.items, weights=older.weights, minlength=size).astype(np.float32)
    chosen, most = replace(NEAR, exponent=exponents[0]), 0.0
    for window, decay in PACES:
        # One counting serves both directions; only the rows that are asked for are looked at.
        after = count_steps(older, replace(NEAR, window=window, decay=decay, reverse=0.0), about=rows)
        forward, backward = _only(after, rows), _only(after.T.tocsr(), rows)
        for exponent, reverse, shrinkage in product(exponents, REVERSES, SHRINKAGES):
            steps = replace(NEAR, window=window, decay=decay, reverse=reverse, exponent=exponent, shrinkage=shrinkage)
            gain = _gain(compare(forward + np.float32(reverse) * backward, counts, steps), asked)
            if gain > most * WORTH:
                chosen, most = steps, gain
    return chosen


def choose_weights(
    asked: Asked,
    closeness: Callable[[int], NDArray[np.float32]],
    beside: Sequence[Callable[[int], NDArray[np.float32]]],
) -> list[float]:
    """Choose how much each kind of likeness weighs beside closeness, one after the other.

    Parameters
    ----------
    asked : Asked
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
        for item, target, seen in zip(asked.items.tolist(), asked.targets.tolist(), asked.seen, strict=True):
            score = closeness(item)
            for weight, other in zip(weights[:place], beside, strict=False):
                score += np.float32(weight) * other(item)
            likeness = told(item)
            for trial, weight in enumerate(BESIDE):
                gains[place, trial] += _gain_of(score + np.float32(weight) * likeness, target, seen)
        best = int(gains[place].argmax())
        weights[place] = BESIDE[best if gains[place, best] > gains[place, 0] * WORTH else 0]
    return weights


def _only(counted: sparse.csr_matrix, wanted: NDArray[np.bool_]) -> sparse.csr_matrix:
    """Empty all other rows."""
    lengths = np.diff(counted.indptr)
    kept = np.repeat(wanted, lengths)
    starts = np.concatenate([[0], np.cumsum(np.where(wanted, lengths, 0))])
    return type(counted)((counted.data[kept], counted.indices[kept], starts), shape=counted.shape)


def _gain(closeness: sparse.csr_matrix, asked: Asked) -> float:
    """Return the sum of the discounted gains of the targets among the entries of the rows that are asked for."""
    total = 0.0
    for item, target, seen in zip(asked.items.tolist(), asked.targets.tolist(), asked.seen, strict=True):
        row = slice(closeness.indptr[item], closeness.indptr[item + 1])
        others, values = closeness.indices[row], closeness.data[row]
        wanted = values[others == target]
        if wanted.size:
            above = others[values > wanted[0]]
            total += _discounted(above.size - int(np.isin(above, seen).sum()))
    return total


def _gain_of(scores: NDArray[np.float32], target: int, seen: NDArray[np.int64]) -> float:
    wanted = scores[target]
    if wanted <= 0:
        return 0.0
    return _discounted(int(np.count_nonzero(scores > wanted)) - int(np.count_nonzero(scores[seen] > wanted)))


def _discounted(above: int) -> float:
    return 1 / np.log2(2 + above) if above < LIST else 0.0
