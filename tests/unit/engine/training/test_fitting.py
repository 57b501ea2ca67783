"""Trials of hyper-parameter optimisation, and rules of solutions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.engine.personalize.errors import InvalidInputError
from model.engine.training.fitting import Plan, draw_trials, fit
from model.engine.training.solution_rules import excluded_columns, schedule_days
from model.engine.training.tuning_rules import check_tuning, default_ranges
from model.recipes.recipe import UnsuitableDataError
from model.registry.recipes import RECIPES
from tests.factories.training_data import shop_data

BPTT = ("integer", {"name": "bptt", "minValue": 2, "maxValue": 5})
FACTOR = ("continuous", {"name": "factor", "minValue": 0.1, "maxValue": 0.3})
MASK = ("categorical", {"name": "mask", "values": ["true", "false"]})


@given(count=st.integers(1, 40), first=st.fixed_dictionaries({}, optional={"bptt": st.sampled_from(["1", "3", "9"])}))
def test_trials_lie_within_their_ranges_start_with_the_present_values_and_differ(count, first):
    tried = draw_trials([BPTT, FACTOR, MASK], first, count)

    assert 1 <= len(tried) <= count
    assert tried[0]["bptt"] == {"1": "2", "3": "3", "9": "5"}.get(first.get("bptt", ""), "2")
    assert len({tuple(trial.items()) for trial in tried}) == len(tried)
    for trial in tried:
        assert 2 <= int(trial["bptt"]) <= 5
        assert 0.1 <= float(trial["factor"]) <= 0.3
        assert trial["mask"] in {"true", "false"}


def test_a_small_range_has_one_trial_per_value():
    assert sorted(trial["bptt"] for trial in draw_trials([BPTT], {}, 40)) == ["2", "3", "4", "5"]


def test_trials_are_repeatable():
    assert draw_trials([BPTT, FACTOR], {}, 8) == draw_trials([BPTT, FACTOR], {}, 8)


@pytest.mark.parametrize(
    "recipe", [recipe for recipe in RECIPES.values() if default_ranges(recipe)], ids=lambda recipe: recipe.name
)
def test_every_recipe_can_tune_all_its_tunable_hyper_parameters(recipe):
    ranges: dict[str, list[dict[str, Any]]] = {f"{kind}HyperParameterRanges": [] for kind, _ in default_ranges(recipe)}
    for kind, one in default_ranges(recipe):
        ranges[f"{kind}HyperParameterRanges"].append(one)

    check_tuning(recipe, {"algorithmHyperParameterRanges": ranges}, performed=True)


@pytest.mark.parametrize(("expression", "days"), [(None, 7), ("rate(1 day)", 1), ("rate(30 days)", 30)])
def test_a_schedule_is_a_number_of_days(expression, days):
    assert schedule_days({"schedulingExpression": expression} if expression else None) == days


@pytest.mark.parametrize("expression", ["rate(0 days)", "rate(31 days)", "rate(7)", "rate(\u0667 days)"])
def test_another_schedule_is_refused(expression):
    with pytest.raises(InvalidInputError, match="schedulingExpression must be a rate of 1 to 30 days"):
        schedule_days({"schedulingExpression": expression})


def test_included_columns_exclude_all_others_except_the_required_ones():
    columns = {"ITEMS": ["ITEM_ID", "PRICE", "CATEGORY"], "USERS": ["USER_ID", "AGE"]}
    config = {"includedDatasetColumns": {"Items": ["PRICE"]}, "excludedDatasetColumns": {"USERS": ["AGE"]}}

    assert excluded_columns(config, columns) == {"ITEMS": ["CATEGORY"], "USERS": ["AGE"]}


def test_a_recipe_that_cannot_be_trained_on_the_data_is_skipped():
    shop = shop_data(users=60)
    plan = Plan(["aws-ecomm-popular-items-by-purchases", "aws-sims"], metric="precision_at_25")

    _, outcome = fit(plan, shop)

    assert outcome["recipe"] == "aws-sims"
    with pytest.raises(UnsuitableDataError):
        fit(Plan(["aws-ecomm-popular-items-by-purchases"]), shop)
