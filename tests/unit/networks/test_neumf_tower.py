"""The tower of NeuMF in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from tests.factories.networks import FACTORS, ITEMS, WIDTH, neumf_recipe


def test_the_score_is_that_of_the_formula():
    tower = neumf_recipe()._tower()
    parameters = tower.arrays()
    user = np.linspace(-1, 1, FACTORS + WIDTH).astype(np.float32)

    scores = tower.scores(user)

    for item in range(ITEMS):
        first = np.maximum(parameters["firsts"][item] + user[FACTORS:] @ parameters["of_person"], 0)
        second = np.maximum(first @ parameters["second"] + parameters["second_bias"], 0)
        expected = parameters["products"][item] @ user[:FACTORS] + second @ parameters["out"] + parameters["bias"][0]
        assert scores[item] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("item", range(ITEMS))
def test_the_slope_is_how_the_score_changes(item):
    tower = neumf_recipe()._tower()
    user = np.linspace(-1, 1, FACTORS + WIDTH).astype(np.float32)
    step = np.float32(1e-3)

    slope = tower.gradient(user, item)

    for place in range(user.size):
        moved = user.copy()
        moved[place] += step
        assert slope[place] == pytest.approx((tower.scores(moved)[item] - tower.scores(user)[item]) / step, abs=0.02)
