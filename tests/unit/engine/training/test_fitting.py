"""Which hyper-parameters a tuning tries, and what a solution may ask for."""

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
def test_trials_lie_within_their_ranges_begin_with_the_present_values_and_differ(count, first):
    tried = draw_trials([BPTT, FACTOR, MASK], first, count)

    assert 1 <= len(tried) <= count
    assert tried[0]["bptt"] == {"1": "2", "3": "3", "9": "5"}.get(first.get("bptt", ""), "2")
    assert len({tuple(one.items()) for one in tried}) == len(tried)
    for one in tried:
        assert 2 <= int(one["bptt"]) <= 5
        assert 0.1 <= float(one["factor"]) <= 0.3
        assert one["mask"] in {"true", "false"}


def test_a_small_range_is_tried_in_full_and_not_more():
    assert sorted(one["bptt"] for one in draw_trials([BPTT], {}, 40)) == ["2", "3", "4", "5"]


def test_the_same_tuning_tries_the_same_values():
    assert draw_trials([BPTT, FACTOR], {}, 8) == draw_trials([BPTT, FACTOR], {}, 8)


@pytest.mark.parametrize("recipe", [one for one in RECIPES.values() if default_ranges(one)], ids=lambda one: one.name)
def test_every_recipe_may_be_tuned_over_all_that_it_offers(recipe):
    ranges: dict[str, list[dict[str, Any]]] = {f"{kind}HyperParameterRanges": [] for kind, _ in default_ranges(recipe)}
    for kind, one in default_ranges(recipe):
        ranges[f"{kind}HyperParameterRanges"].append(one)

    check_tuning(recipe, {"algorithmHyperParameterRanges": ranges}, performed=True)


@pytest.mark.parametrize(("expression", "days"), [(None, 7), ("rate(1 day)", 1), ("rate(30 days)", 30)])
def test_a_schedule_is_so_many_days(expression, days):
    assert schedule_days({"schedulingExpression": expression} if expression else None) == days


@pytest.mark.parametrize("expression", ["rate(0 days)", "rate(31 days)", "cron(0 12 * * ? *)"])
def test_a_schedule_beyond_a_month_is_refused(expression):
    with pytest.raises(InvalidInputError, match="1 to 30 days"):
        schedule_days({"schedulingExpression": expression})


def test_included_columns_exclude_all_others_but_those_that_are_always_needed():
    columns = {"ITEMS": ["ITEM_ID", "PRICE", "CATEGORY"], "USERS": ["USER_ID", "AGE"]}
    config = {"includedDatasetColumns": {"Items": ["PRICE"]}, "excludedDatasetColumns": {"USERS": ["AGE"]}}

    assert excluded_columns(config, columns) == {"ITEMS": ["CATEGORY"], "USERS": ["AGE"]}


def test_a_recipe_that_cannot_learn_from_the_data_is_no_candidate():
    shop = shop_data(users=60)
    plan = Plan(["aws-ecomm-popular-items-by-purchases", "aws-sims"], metric="precision_at_25")

    _, outcome = fit(plan, shop)

    assert outcome["recipe"] == "aws-sims"
    with pytest.raises(UnsuitableDataError):
        fit(Plan(["aws-ecomm-popular-items-by-purchases"]), shop)
