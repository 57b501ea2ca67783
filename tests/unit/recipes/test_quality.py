"""Every recipe that learns is better than popularity on users and events that it has not seen."""

from __future__ import annotations

import functools

import pytest

from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.evaluation.solution_metrics.evaluate import evaluate, measure, split_users
from model.evaluation.solution_metrics.segments import evaluate_segments
from model.evaluation.solution_metrics.trend import DEPTH, trend_prediction_accuracy
from model.registry.recipes import RECIPES
from tests.factories.fitted_recipes import NETWORKS, data_for
from tests.factories.training_data import answers, shop_data

GAIN = "normalized_discounted_cumulative_gain_at_10"
LEARNING = [
    name
    for name, named in RECIPES.items()
    if named.kind in {"USER_PERSONALIZATION", "PERSONALIZED_RANKING", "RELATED_ITEMS"} and name not in NETWORKS
]
ACTIVITY_ALONE = {"following": 0.0, "near": 0.0, "own": 0.0, "active": 1.0}


@functools.cache
def measured(name, event_type="View"):
    named = RECIPES[name]
    data = data_for(name, users=200) if named.required_events else named.prepare(shop_data(200, event_type))
    if name == "aws-hrnn-coldstart":
        data = data_for(name, users=200)
    train, questions = split_users(data.interactions, data.users)
    partial = TrainingData(train, data.catalogue, data.parameters, data.users)
    recipe = named.recommender.fit(partial, named.recommender.tune(partial))
    return measure(recipe, questions, len(recipe.item_ids))[GAIN]


@pytest.mark.parametrize("name", LEARNING)
def test_a_learning_recipe_beats_popularity_on_users_it_has_not_seen(name):
    assert measured(name) > 3 * measured("aws-popularity-count")


@pytest.mark.parametrize("name", ["aws-item-affinity", "aws-item-attribute-affinity"])
def test_a_segment_finds_more_of_those_who_come_than_the_most_active_users(name):
    data = shop_data(users=400)

    learnt, _ = evaluate_segments(RECIPES[name], data)

    active, _ = evaluate_segments(RECIPES[name], data, ACTIVITY_ALONE)
    assert learnt["hit"] > 1.5 * active["hit"]
    assert learnt["recall"] > 1.5 * active["recall"]


def test_propensities_predict_responses_better_than_the_rates_of_actions():
    metrics, _ = evaluate(RECIPES["aws-next-best-action"], answers(users=900))

    # All answers held out are to the same action, so the rate of the action alone comes to a half.
    assert metrics["auc"] > 0.65
    assert metrics["precision"] > 0.65


def test_rising_items_are_ranked_first():
    hour = 3600
    steady = [(f"u{n % 40}", f"steady-{n % 50}", n * hour // 50) for n in range(5000)]
    rising = [(f"v{n % 90}", f"rising-{n % 5}", int(100 * hour - 4 * hour * 0.97**n)) for n in range(160)]
    data = TrainingData(from_rows(steady + rising))

    assert trend_prediction_accuracy(data) > 0.6
    assert len(data.interactions.item_ids) > 2 * DEPTH


def test_user_features_predict_better_than_popularity_for_a_new_user():
    named = RECIPES["aws-user-personalization-v2"]
    data = shop_data(users=300)
    train, questions = split_users(data.interactions, data.users)
    recipe = named.recommender.fit(TrainingData(train, data.catalogue, {}, data.users), {})

    def found(features):
        strangers = [
            type(question)(
                [""], question.wanted, question.features if features else (), question.context if features else {}
            )
            for question in questions
        ]
        return measure(recipe, strangers, 1)["normalized_discounted_cumulative_gain_at_25"]

    assert found(features=True) > 1.5 * found(features=False)
