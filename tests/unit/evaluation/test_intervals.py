"""Bootstrap intervals: they hold the truth as often as they say, and users are what is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from model.evaluation.metrics.intervals import differences, intervals


def users(count):
    return [f"user-{n}" for n in range(count)]


def test_an_interval_holds_the_true_mean_about_as_often_as_it_says():
    random = np.random.default_rng(5)
    held = 0
    for _ in range(40):
        drawn = (random.random(200) < 0.3).astype(float)
        found = intervals({"hr@10": drawn}, users(200))["hr@10"]
        held += found.low <= 0.3 <= found.high
        assert found.low <= found.mean <= found.high
    assert held >= 34  # 38 on average


def test_the_width_is_that_of_the_standard_error():
    values = np.random.default_rng(2).normal(5.0, 2.0, 400)
    found = intervals({"x": values}, users(400))["x"]

    assert found.mean == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_questions_of_one_user_do_not_count_as_if_they_were_of_many():
    user_has = np.repeat(np.random.default_rng(3).random(20), 50)
    alone = intervals({"x": user_has}, users(1000))["x"]
    together = intervals({"x": user_has}, [f"user-{n // 50}" for n in range(1000)])["x"]

    assert together.high - together.low > 5 * (alone.high - alone.low)


def test_a_small_steady_difference_is_significant_although_the_means_overlap():
    random = np.random.default_rng(7)
    hard = random.random(300)
    ours, theirs = {"x": hard + 0.02 + random.normal(0, 0.02, 300)}, {"x": hard}

    assert differences(ours, theirs, users(300))["x"].low > 0
    assert intervals(ours, users(300))["x"].low < intervals(theirs, users(300))["x"].high
    assert differences(theirs, theirs, users(300))["x"] == (0.0, 0.0, 0.0)


def test_a_question_without_a_value_is_left_out():
    found = intervals({"x": np.array([1.0, np.nan, 3.0]), "none": np.full(3, np.nan)}, users(3))

    assert found["x"].mean == 2.0
    assert np.isnan(found["none"].mean)
    assert intervals({}, []) == {}


def test_the_same_values_give_the_same_interval():
    values = {"x": np.arange(50.0)}

    assert intervals(values, users(50)) == intervals(values, users(50))
