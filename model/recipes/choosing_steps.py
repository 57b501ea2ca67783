"""How counted steps are best compared and asked for: what finds the newest events best by itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from model.recipes.steps import NEAR, compare, count_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.recipes.held_out import HeldOut
    from model.recipes.interactions import Interactions

EXPONENTS = (0.5, 0.25)
SHRINKAGES = (5.0, 20.0)
QUERY_DECAYS = (0.8, 0.6)
LIST = 25  # places that count


def choose_steps(older: Interactions, questions: Sequence[HeldOut], in_order: bool = True) -> dict[str, float]:
    """Choose how steps are compared and asked for.

    Parameters
    ----------
    older : Interactions
        Before the questions.
    questions : sequence of HeldOut
    in_order : bool
        Whether the times of events tell an order; where not, all items of a history vote alike.

    Returns
    -------
    dict
        With the keys exponent, shrinkage, query_decay.
    """
    size = len(older.item_ids)
    counts = np.bincount(older.items, weights=older.weights, minlength=size).astype(np.float32)
    asked = np.zeros(size, np.bool_)  # whose rows alone are looked at
    asked[[item for one in questions for item in one.history[: NEAR.query_length]]] = True
    counted = count_steps(older, NEAR, about=asked)
    targets = np.array([one.target for one in questions])
    seen = _histories(questions, 1.0, None, size).astype(np.bool_)
    best, most = (EXPONENTS[0], SHRINKAGES[0], QUERY_DECAYS[0] if in_order else 1.0), -1.0
    for exponent, shrinkage in product(EXPONENTS, SHRINKAGES):
        closeness = compare(counted, counts, replace(NEAR, exponent=exponent, shrinkage=shrinkage))
        for decay in QUERY_DECAYS if in_order else (1.0,):
            scores = (_histories(questions, decay, NEAR.query_length, size) @ closeness).tocsr()
            gain = _gain(scores - scores.multiply(seen), targets)
            if gain > most:
                best, most = (exponent, shrinkage, decay), gain
    return dict(zip(("exponent", "shrinkage", "query_decay"), best, strict=True))


def _histories(questions: Sequence[HeldOut], decay: float, length: int | None, size: int) -> sparse.csr_matrix:
    """Return the histories as rows, each item with its vote."""
    rows = [one.history[:length] for one in questions]
    starts = np.cumsum([0, *(len(row) for row in rows)])
    items = np.concatenate([np.array(row, np.int32) for row in rows])
    votes = np.concatenate([np.float32(decay) ** np.arange(len(row), dtype=np.float32) for row in rows])
    return sparse.csr_matrix((votes, items, starts), shape=(len(rows), size))


def _gain(scores: sparse.csr_matrix, targets: np.ndarray) -> float:
    """Return the sum of the discounted gains of the targets among the scores of each row."""
    scores = scores.tocsr()
    rows = np.repeat(np.arange(targets.size), np.diff(scores.indptr))
    mine = np.zeros(targets.size, np.float32)
    hit = scores.indices == targets[rows]
    mine[rows[hit]] = scores.data[hit]
    ranks = np.bincount(rows, weights=scores.data > mine[rows], minlength=targets.size) + 1
    found = (mine > 0) & (ranks <= LIST)
    return float((1 / np.log2(1 + ranks[found])).sum())
