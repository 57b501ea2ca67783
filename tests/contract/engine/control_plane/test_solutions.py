"""Solutions: what they may ask for, what is filled in, and how they are updated."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import create, delete, refusal, update
from tests.contract.engine.shops import RECIPE, Shop

PERSONAL = "aws-user-personalization"


@pytest.fixture(scope="module")
def shop(engine, s3):
    return Shop(engine, s3, account="903000000001")


def refused(shop, recipe=PERSONAL, **more):
    return refusal(shop.add_solution, "refused", recipe, **more)


@pytest.mark.honours("CreateSolution", "automatic training by default")
@pytest.mark.honours(
    "DescribeSolution", "the members of the request, with defaults, but solutionConfig as it was given"
)
def test_a_solution_is_described_as_it_was_requested(shop):
    request = {"datasetGroupArn": shop.group, "recipeArn": f"{RECIPE}/{PERSONAL}", "eventType": "View"}
    solution = create(shop.control, "solution", name="default", **request)

    assert solution["performAutoTraining"] is True
    assert "solutionConfig" not in solution
    assert (solution["performHPO"], solution["performAutoML"], solution["eventType"]) == (False, False, "View")
    assert "latestSolutionVersion" not in solution
    assert "latestSolutionUpdate" not in solution
    described = update(shop.control, "solution", solutionArn=solution["solutionArn"], performAutoTraining=True)
    assert "solutionConfig" not in described
    config = {"algorithmHyperParameters": {"bptt": "20"}}
    given = create(shop.control, "solution", name="given", **request, solutionConfig=config)
    assert given["solutionConfig"] == config

    for made in (solution, given):
        delete(shop.control, "solution", solutionArn=made["solutionArn"])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"autoTrainingConfig": {"schedulingExpression": "rate(0 days)"}}, "a rate of 1 to 30 days, not rate(0 days)"),
        ({"autoTrainingConfig": {"schedulingExpression": "rate(31 days)"}}, "a rate of 1 to 30 days"),
        ({"autoTrainingConfig": {"schedulingExpression": "rate(1 hour)"}}, "must match the pattern"),
        ({"algorithmHyperParameters": {"bptt": "33"}}, "bptt must be a whole number from 2 to 32, not 33"),
        ({"algorithmHyperParameters": {"bptt": "many"}}, "bptt must be a whole number, not many"),
        ({"algorithmHyperParameters": {"recency_mask": "perhaps"}}, "recency_mask must be one of true, false"),
        ({"featureTransformationParameters": {"bptt": "3"}}, "has no bptt in featureTransformationParameters"),
        ({"eventValueThreshold": "much"}, "eventValueThreshold must be a number, not 'much'"),
        ({"eventsConfig": {"eventParametersList": [{"weight": 1.0}]}}, "needs an eventType"),
        (
            {"eventsConfig": {"eventParametersList": [{"eventType": "View"}, {"eventType": "view"}]}},
            "has the event type view twice",
        ),
        (
            {"eventsConfig": {"eventParametersList": [{"eventType": "View", "weight": 1.5}]}},
            "weight must be at most 1",
        ),
        ({"optimizationObjective": {"objectiveSensitivity": "LOW"}}, "itemAttribute is required"),
        ({"optimizationObjective": {"itemAttribute": "CATEGORY"}}, "no numeric column CATEGORY; it has PRICE"),
        ({"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["SIZE"]}}}, "has no column SIZE to be excluded"),
        ({"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["ITEM_ID"]}}}, "excludes ITEM_ID"),
        (
            {
                "trainingDataConfig": {
                    "excludedDatasetColumns": {"ITEMS": ["PRICE"]},
                    "includedDatasetColumns": {"ITEMS": ["CATEGORY"]},
                }
            },
            "both includes and excludes columns of ITEMS",
        ),
        ({"hpoConfig": {"hpoResourceConfig": {}}}, "hpoConfig needs performHPO"),
        ({"autoMLConfig": {"metricName": "coverage"}}, "autoMLConfig needs performAutoML"),
    ],
)
@pytest.mark.honours("CreateSolution", "every part of the configuration is checked against the recipe and the datasets")
def test_a_configuration_that_breaks_a_rule_is_refused_with_the_rule(shop, config, message):
    code, text = refused(shop, solutionConfig=config)

    assert code == "InvalidInputException"
    assert message in text


@pytest.mark.parametrize(
    ("recipe", "more", "message"),
    [
        ("", {}, "recipeArn is required unless performAutoML"),
        (PERSONAL, {"performAutoML": True}, "recipeArn must be left out"),
        (
            "",
            {"performAutoML": True, "solutionConfig": {"autoMLConfig": {"metricName": "beauty"}}},
            "metricName must be one of",
        ),
        (
            "",
            {"performAutoML": True, "solutionConfig": {"autoMLConfig": {"recipeList": [f"{RECIPE}/aws-sims"]}}},
            "recipes of the type USER_PERSONALIZATION, not",
        ),
        ("aws-sims", {"performIncrementalUpdate": True}, "is for aws-semantic-similarity, not for aws-sims"),
        ("aws-popularity-count", {"performHPO": True}, "has no tunable hyper-parameter"),
        ("aws-sims", {"solutionConfig": {"optimizationObjective": {"itemAttribute": "PRICE"}}}, "aws-user-personal"),
        (
            "aws-similar-items",
            {"solutionConfig": {"algorithmHyperParameters": {"item_id_hidden_dim": "50"}}},
            "has an effect with performHPO only",
        ),
    ],
)
@pytest.mark.honours("CreateSolution", "options that a recipe does not have are refused by name")
def test_what_a_recipe_does_not_do_is_refused(shop, recipe, more, message):
    code, text = refused(shop, recipe, **more)

    assert code == "InvalidInputException"
    assert message in text


def tuning(**config):
    ranges = {f"{kind}HyperParameterRanges": found for kind, found in config.pop("ranges", {}).items()}
    return {"hpoConfig": {**config, **({"algorithmHyperParameterRanges": ranges} if ranges else {})}}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (tuning(hpoResourceConfig={"maxNumberOfTrainingJobs": "41"}), "a whole number from 1 to 40, not 41"),
        (tuning(hpoResourceConfig={"maxParallelTrainingJobs": "11"}), "a whole number from 1 to 10, not 11"),
        (tuning(hpoResourceConfig={"maxNumberOfTrainingJobs": "few"}), "a whole number from 1 to 40, not few"),
        (tuning(ranges={"integer": [{"name": "bptt", "minValue": 1, "maxValue": 9}]}), "must lie within 2 to 32"),
        (tuning(ranges={"integer": [{"name": "bptt", "minValue": 9, "maxValue": 8}]}), "must lie within 2 to 32"),
        (tuning(ranges={"continuous": [{"name": "bptt", "minValue": 2.0, "maxValue": 3.0}]}), "bptt is integer"),
        (tuning(ranges={"integer": [{"name": "depth", "minValue": 1, "maxValue": 2}]}), "depth is not tunable"),
        (tuning(ranges={"categorical": [{"name": "recency_mask", "values": ["maybe"]}]}), "some of true, false"),
        (
            tuning(ranges={"integer": [{"name": "bptt", "minValue": 2, "maxValue": 3}] * 2}),
            "two ranges for bptt",
        ),
    ],
)
@pytest.mark.honours("CreateSolution", "hpoConfig: 1 to 40 trainings, 10 at once, ranges within the recipe's own")
def test_tuning_is_checked_against_the_recipe(shop, config, message):
    code, text = refused(shop, solutionConfig=config, performHPO=True)

    assert code == "InvalidInputException"
    assert message in text


@pytest.mark.differs(
    "CreateSolution", "hpoObjective, which cannot be configured at Amazon, is refused instead of ignored"
)
def test_an_objective_of_tuning_is_refused(shop):
    config = tuning(hpoObjective={"type": "Maximize", "metricName": "coverage"})

    assert "hpoObjective cannot be configured" in refused(shop, solutionConfig=config, performHPO=True)[1]


@pytest.mark.honours(
    "UpdateSolution", "automatic training, its schedule and the events are updated, with every status of an update"
)
@pytest.mark.honours("DescribeSolution", "the latest update")
def test_an_update_changes_the_schedule_and_the_events(shop):
    arn = shop.add_solution("updated", PERSONAL, solutionConfig={"algorithmHyperParameters": {"bptt": "20"}})
    events = {"eventParametersList": [{"eventType": "View", "weight": 0.5}]}
    schedule = {"schedulingExpression": "rate(30 days)"}

    config = {"autoTrainingConfig": schedule, "eventsConfig": events}

    solution = update(shop.control, "solution", solutionArn=arn, performAutoTraining=True, solutionUpdateConfig=config)

    assert solution["solutionArn"] == arn
    assert solution["latestSolutionUpdate"]["performAutoTraining"] is True
    assert solution["performAutoTraining"] is True
    assert solution["solutionConfig"] == {
        "algorithmHyperParameters": {"bptt": "20"},
        "autoTrainingConfig": schedule,
        "eventsConfig": events,
    }
    solution = update(shop.control, "solution", solutionArn=arn, performAutoTraining=False)
    assert solution["performAutoTraining"] is False


@pytest.mark.honours("UpdateSolution", "invalid requests are refused; an unknown solution is not found")
def test_an_update_that_makes_no_sense_is_refused(shop):
    arn = shop.add_solution("not-updated", PERSONAL)

    assert "an update needs one of" in refusal(shop.control.update_solution, solutionArn=arn)[1]
    config = {"autoTrainingConfig": {"schedulingExpression": "rate(99 days)"}}
    assert "1 to 30 days" in refusal(shop.control.update_solution, solutionArn=arn, solutionUpdateConfig=config)[1]
    incremental = refusal(shop.control.update_solution, solutionArn=arn, performIncrementalUpdate=True)
    assert "is for aws-semantic-similarity" in incremental[1]
    missing = refusal(shop.control.update_solution, solutionArn=f"{arn}-not", performAutoTraining=True)
    assert missing[0] == "ResourceNotFoundException"


@pytest.mark.honours("ListSolutions", "by dataset group, in pages")
@pytest.mark.honours("CreateSolution", "at most 10 solutions in a dataset group")
def test_solutions_are_listed_by_group_and_an_eleventh_is_over_the_quota(engine, s3):
    shop = Shop(engine, s3, account="903000000002")
    made = [shop.add_solution(f"s-{number}", "aws-popularity-count") for number in range(10)]

    assert refused(shop, "aws-popularity-count")[0] == "LimitExceededException"
    pages = shop.control.get_paginator("list_solutions").paginate(
        datasetGroupArn=shop.group, PaginationConfig={"PageSize": 4}
    )
    assert [solution["solutionArn"] for page in pages for solution in page["solutions"]] == made
    assert shop.control.list_solutions(datasetGroupArn=f"{shop.group}-other")["solutions"] == []
