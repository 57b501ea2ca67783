"""What is known of recipes by their names, and how their data and parameters are checked."""

from __future__ import annotations

import pytest

from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.recipes.recipe import UnsuitableDataError
from model.registry.named_recipe import Parameter
from model.registry.recipes import RECIPES


def rows_of(event_type, count):
    return [(f"u{n % 50}", f"i{n % 30}", n, event_type) for n in range(count)]


def test_every_recipe_has_its_name_and_a_description():
    assert all(named.name == name and named.description for name, named in RECIPES.items())


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_defaults_are_values_that_the_parameter_may_have(name):
    assert all(parameter.refusal(parameter.default) is None for parameter in RECIPES[name].parameters.values())


@pytest.mark.parametrize(
    ("parameter", "value", "refusal"),
    [
        (Parameter("3", 0, 10, integer=True), "4", None),
        (Parameter("3", 0, 10, integer=True), "4.5", "must be a whole number"),
        (Parameter("3", 0, 10, integer=True), "11", "must be a whole number from 0 to 10"),
        (Parameter("0.5"), "0.25", None),
        (Parameter("0.5"), "nan", "must be a number from 0 to 1"),
        (Parameter("0.5"), "half", "must be a number"),
        (Parameter("3", 0, 10, integer=True), "\u0664", "must be a whole number"),
        (Parameter("true", choices=("true", "false")), "False", None),
        (Parameter("true", choices=("true", "false")), "maybe", "must be one of true, false"),
    ],
)
def test_a_value_is_refused_with_what_it_would_have_to_be(parameter, value, refusal):
    assert parameter.refusal(value) == refusal


def test_a_use_case_learns_from_its_own_events_and_needs_a_thousand_of_them():
    named = RECIPES["aws-ecomm-popular-items-by-purchases"]
    enough = TrainingData(from_rows(rows_of("View", 500) + rows_of("PURCHASE", 1000)))

    prepared = named.prepare(enough)

    assert len(prepared.interactions) == 1000
    with pytest.raises(UnsuitableDataError, match="at least 1000 events of the type Purchase; there are 999"):
        named.prepare(TrainingData(from_rows(rows_of("View", 5000) + rows_of("Purchase", 999))))


def test_preparing_fills_in_defaults_but_drops_histories_only_by_stated_percentiles():
    data = TrainingData(from_rows(rows_of("View", 100)), parameters={"min_cointeraction_count": "2"})

    parameters = RECIPES["aws-sims"].prepare(data).parameters

    assert parameters == {"popularity_discount_factor": "0.5", "min_cointeraction_count": "2"}


def test_a_recipe_of_segments_answers_no_questions():
    with pytest.raises(TypeError, match="makes segments"):
        _ = RECIPES["aws-item-affinity"].recommender
