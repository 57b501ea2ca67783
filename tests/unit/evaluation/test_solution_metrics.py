"""Metrics by hand: the example of the developer guide, weights of events, rewards, and each kind of recipe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.datasets.catalogue import Catalogue
from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.evaluation.solution_metrics.actions import area_under_curve
from model.evaluation.solution_metrics.evaluate import (
    REPEATS_COUNT,
    Question,
    ask_for_new_items,
    evaluate,
    measure,
    split_users,
)
from model.evaluation.solution_metrics.standard_errors import SLICES, STANDARD_ERROR, popular_items
from model.recipes.popularity.popularity import Popularity, UserCounts
from model.registry.recipes import RECIPES
from tests.factories.fitted_recipes import NETWORKS, data_for
from tests.factories.training_data import shop_data

TEN = [f"i{number}" for number in range(10)]


def in_this_order(items):
    """Return a recipe that answers everybody with the items in the given order."""
    counts = UserCounts(np.arange(len(items), 0, -1, dtype=np.float32), np.zeros(len(items), np.int64))
    return Popularity(list(items), counts)


def test_the_example_of_the_guide_comes_out():
    """Given a list whose second and fifth item are found, when measured at 5, then as the guide computes."""
    metrics = measure(in_this_order(TEN), [Question(["i9"], {"i1": 1.0, "i4": 1.0})], 20)

    assert metrics["mean_reciprocal_rank_at_25"] == 0.5
    assert metrics["normalized_discounted_cumulative_gain_at_5"] == pytest.approx(0.6241, abs=1e-4)
    assert metrics["precision_at_5"] == 0.4
    assert metrics["precision_at_10"] == 0.2
    assert metrics["coverage"] == 0.5


def test_gains_with_event_weights_value_the_heavier_event_more():
    def weighted(first, second):
        question = Question(["i9"], {"i0": first, "i1": second})
        return measure(in_this_order(["i0", *TEN[2:], "i1"]), [question], 10)[
            "normalized_discounted_cumulative_gain_with_event_weights_at_5"
        ]

    assert weighted(3.0, 1.0) > weighted(1.0, 1.0) > weighted(1.0, 3.0)


def test_a_tenth_of_the_users_is_kept_out_and_asked_for_their_newest_tenth():
    rows = [(f"u{user}", f"i{number}", number) for user in range(30) for number in range(20)]

    train, questions = split_users(from_rows(rows))

    assert np.unique(train.users).size == 27
    assert len(questions) == 3
    for question in questions:
        assert question.history == [f"i{number}" for number in range(17, -1, -1)]
        assert set(question.wanted) == {"i18", "i19"}


def test_questions_carry_circumstances_and_features_of_the_user():
    data = shop_data()

    _, questions = split_users(data.interactions, data.users)

    assert {feature for question in questions for feature in question.features} <= {"AGE=18-24", "AGE=25-44", "AGE=45+"}
    assert {value for question in questions for value in question.context.values()} == {"phone", "desktop"}


def test_rewards_are_the_share_of_the_recommended_worth_that_users_chose():
    data = shop_data()
    named = RECIPES["aws-user-personalization"]

    def rewards(sensitivity):
        objective = {"itemAttribute": "PRICE", "objectiveSensitivity": sensitivity}
        metrics, _ = evaluate(named, replace(data, solution={"optimizationObjective": objective}))
        return [metrics[f"average_rewards_at_{cut}"] for cut in (5, 10, 25)]

    assert all(0 < reward < 1 for reward in rewards("HIGH"))
    assert "average_rewards_at_5" not in evaluate(named, data)[0]


def test_gains_with_event_weights_are_reported_where_the_solution_weighs_events():
    weighs = {"eventsConfig": {"eventParametersList": [{"eventType": "View", "weight": 0.5}]}}
    name = "normalized_discounted_cumulative_gain_with_event_weights_at_25"

    assert name in evaluate(RECIPES["aws-similar-items"], replace(shop_data(), solution=weighs))[0]
    assert name not in evaluate(RECIPES["aws-similar-items"], shop_data())[0]


@pytest.mark.parametrize("name", sorted(set(RECIPES) - set(NETWORKS)))
def test_each_recipe_reports_the_metrics_that_are_documented_for_it(name):
    named = RECIPES[name]

    metrics, _ = evaluate(named, data_for(name))

    own = (STANDARD_ERROR, *SLICES, "ridge_weight", "ridge_skipped", REPEATS_COUNT)
    assert {metric for metric in metrics if not metric.endswith(own)} == set(named.metrics)
    assert any(metrics.values())
    assert all(0 <= value <= 1 for kind, value in metrics.items() if kind != "hit")


@pytest.mark.parametrize("name", ["aws-user-personalization-v2", "aws-personalized-ranking-v2", "aws-similar-items"])
def test_hits_are_new_items_unless_the_solution_asks_for_repeats(name):
    # Given users who do nothing new in their latest tenth, except every third user
    rows = [
        (f"u{user}", f"i{(user + (17 if step == 19 and user % 3 == 0 else step % 10)) % 40}", 100 * step + user)
        for user in range(300)
        for step in range(20)
    ]
    data = TrainingData(from_rows(rows))

    new, _ = evaluate(RECIPES[name], data)
    again, _ = evaluate(RECIPES[name], replace(data, parameters={"repeats": "true"}))

    assert (new[REPEATS_COUNT], again[REPEATS_COUNT]) == (0.0, 1.0)
    if name == "aws-user-personalization-v2":
        assert again["mean_reciprocal_rank_at_25"] > 0.3
    questions = ask_for_new_items(split_users(data.interactions)[1])
    assert all(not set(question.history) & set(question.wanted) for question in questions)
    assert 0 < len(questions) < 20


def test_settings_that_were_chosen_before_are_used_as_they_are():
    data = data_for("aws-user-personalization")
    settings = {"transitions": 0.0, "space": 0.0, "popularity": 1.0}

    metrics, kept = evaluate(RECIPES["aws-user-personalization"], data, settings)

    assert kept == settings
    assert metrics["precision_at_5"] < evaluate(RECIPES["aws-user-personalization"], data)[0]["precision_at_5"]


@pytest.mark.parametrize("name", sorted(set(RECIPES) - set(NETWORKS)))
def test_next_to_no_data_are_measured_without_a_crash(name):
    few = from_rows([("u", "i", 5, "View"), ("u", "j", 6, "Taken")])
    named = RECIPES[name]
    if name == "aws-hrnn-coldstart":
        with pytest.raises(ValueError, match="cold items"):
            named.algorithm.fit(TrainingData(few), {})
        return

    metrics, _ = evaluate(named, TrainingData(few, Catalogue(["i", "j"], [("A=b",), ("A=b",)], [0, 0])))

    assert all(np.isfinite(value) for value in metrics.values())


def test_the_area_under_the_curve_counts_pairs_and_halves_ties():
    scores = np.array([0.9, 0.4, 0.4, 0.1])

    assert area_under_curve(scores, np.array([True, False, False, False])) == 1.0
    assert area_under_curve(scores, np.array([False, True, False, False])) == pytest.approx((0 + 0.5 + 1) / 3)
    assert area_under_curve(scores, np.array([True, True, True, True])) == 0.0


def test_a_standard_error_is_that_of_the_mean_over_the_questions():
    # Given a hundred questions, of which seventy are answered at the first place
    questions = [Question(["i9"], {"i0" if number < 70 else "unknown": 1.0}) for number in range(100)]

    metrics = measure(in_this_order(TEN), questions, 20)

    assert metrics["mean_reciprocal_rank_at_25"] == 0.7
    expected = np.array([1.0] * 70 + [0.0] * 30).std(ddof=1) / 10
    assert metrics[f"mean_reciprocal_rank_at_25{STANDARD_ERROR}"] == pytest.approx(expected, abs=1e-5)


def test_groups_of_users_have_metrics_of_their_own():
    # Given thirty who are new and look for what is popular, and as many who are not and look for the tail
    new, regular = Question(["i9"], {"i0": 1.0}), Question(["i9"] * 5, {"i8": 1.0})

    metrics = measure(in_this_order(TEN), [new] * 30 + [regular] * 30, 20, frozenset(["i0"]))

    gain = "normalized_discounted_cumulative_gain_at_25"
    assert metrics[f"{gain}_new_users"] == 1.0
    assert metrics[f"{gain}_regular_users"] == metrics[f"{gain}_tail_items"] == pytest.approx(0.301, abs=1e-3)
    assert f"{gain}_new_users{STANDARD_ERROR}" in metrics
    assert f"{gain}_new_users" not in measure(in_this_order(TEN), [new] * 29, 20)


def test_the_popular_items_are_the_fewest_that_half_of_the_interactions_are_with():
    rows = [(f"u{number}", item, number) for item, count in [("a", 5), ("b", 3), ("c", 2)] for number in range(count)]

    assert popular_items(from_rows(rows)) == {"a"}
    assert popular_items(from_rows(rows[1:])) == {"a", "b"}
