"""The few highest of many scores: the same as sorting them all."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model.arrays.top_k import NEVER, top_k


def sorted_whole(scores, count):
    order = np.argsort(-scores, kind="stable")
    return order[scores[order] > NEVER][:count].tolist()


@given(st.integers(0, 3000), st.integers(0, 300), st.floats(0, 1), st.integers(1, 2000), st.integers(0, 2**32 - 1))
def test_the_best_are_those_that_sorting_finds_whatever_is_tied_or_never_shown(size, count, hidden, levels, seed):
    draw = np.random.default_rng(seed)
    scores = draw.integers(0, levels, size).astype(np.float32)
    scores[draw.random(size) < hidden] = NEVER

    assert top_k(scores, count).tolist() == sorted_whole(scores, count)
