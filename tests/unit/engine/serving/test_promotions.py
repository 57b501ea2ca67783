"""Promotions: the number and the places of promoted items."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.engine.serving.promotions import count_promoted, mix


@pytest.mark.parametrize(
    ("count", "percent", "places"), [(25, 20, 5), (25, 50, 12), (10, 100, 10), (10, 1, 1), (1, 50, 1), (500, 33, 165)]
)
def test_a_promotion_has_its_share_of_the_items_but_at_least_one(count, percent, places):
    assert count_promoted(count, percent) == places


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 2**32 - 1))
def test_all_items_occur_once_and_both_kinds_keep_their_order(promoted, others, seed):
    first, second = [f"p{number}" for number in range(promoted)], [f"o{number}" for number in range(others)]

    found = mix(first, second, np.random.default_rng(seed))

    assert [item for item in found if item in set(first)] == first
    assert [item for item in found if item in set(second)] == second
    assert len(found) == promoted + others


def test_promoted_items_occur_at_any_place():
    draw = np.random.default_rng(1)

    places = {mix(["p"], list("abcdefghi"), draw).index("p") for _ in range(400)}

    assert places == set(range(10))
