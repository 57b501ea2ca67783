"""Solution versions: tuned, chosen among recipes, updated, stopped and listed."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import create, outcome, refusal
from tests.contract.engine.running_engine import ROLE, RunningEngine, until_status
from tests.contract.engine.shops import RECIPE, Shop

NDCG = "normalized_discounted_cumulative_gain_at_25"


@pytest.fixture(scope="module")
def shop(engine, s3):
    filled = Shop(engine, s3, account="904000000001")
    filled.fill()
    return filled


def metrics(shop, version):
    return shop.control.get_solution_metrics(solutionVersionArn=version["solutionVersionArn"])["metrics"]


@pytest.mark.honours("CreateSolutionVersion", "hyper-parameter tuning measures several trainings")
@pytest.mark.honours("DescribeSolutionVersion", "tunedHPOParams: the values of the best training")
def test_tuning_tries_values_and_keeps_the_best(shop):
    ranges = {
        "integerHyperParameterRanges": [{"name": "min_cointeraction_count", "minValue": 0, "maxValue": 10}],
        "continuousHyperParameterRanges": [{"name": "popularity_discount_factor", "minValue": 0.0, "maxValue": 1.0}],
    }
    poor = {"min_cointeraction_count": "10", "popularity_discount_factor": "1.0"}
    tuned = shop.train(
        "tuned",
        "aws-sims",
        performHPO=True,
        solutionConfig={
            "algorithmHyperParameters": poor,
            "hpoConfig": {
                "hpoResourceConfig": {"maxNumberOfTrainingJobs": "6"},
                "algorithmHyperParameterRanges": ranges,
            },
        },
    )
    untuned = shop.train("untuned", "aws-sims", solutionConfig={"algorithmHyperParameters": poor})

    chosen = tuned["tunedHPOParams"]["algorithmHyperParameters"]
    assert set(chosen) == set(poor)
    assert 0 <= int(chosen["min_cointeraction_count"]) <= 10
    assert chosen != poor
    assert "tunedHPOParams" not in untuned
    assert metrics(shop, tuned)[NDCG] >= metrics(shop, untuned)[NDCG]


@pytest.mark.honours("CreateSolution", "performAutoML compares the recipes of a list and selects the best")
def test_automl_finds_the_recipe(shop):
    names = ["aws-hrnn", "aws-user-personalization"]
    compared = {"metricName": NDCG, "recipeList": [f"{RECIPE}/{name}" for name in names]}
    arn = shop.add_solution("automl", performAutoML=True, solutionConfig={"autoMLConfig": compared})
    version = shop.retrain(arn)

    solution = shop.control.describe_solution(solutionArn=arn)["solution"]
    assert solution["performHPO"] is True
    assert solution["autoMLResult"]["bestRecipeArn"].rpartition("/")[2] in names
    assert version["recipeArn"] == solution["autoMLResult"]["bestRecipeArn"]
    assert metrics(shop, version)[NDCG] > 0


@pytest.mark.honours("CreateSolutionVersion", "trainingMode UPDATE needs its recipe and an ACTIVE version trained FULL")
@pytest.mark.differs("CreateSolutionVersion", "UPDATE trains on all data with the settings of the FULL training")
def test_an_update_training_builds_on_a_full_one(shop):
    control = shop.control
    tuning = {"hpoConfig": {"hpoResourceConfig": {"maxNumberOfTrainingJobs": "2"}}}
    arn = shop.add_solution("update", "aws-user-personalization", performHPO=True, solutionConfig=tuning)
    update = {"solutionArn": arn, "trainingMode": "UPDATE"}

    assert "needs an ACTIVE version that was trained with FULL" in refusal(control.create_solution_version, **update)[1]
    full = shop.retrain(arn)
    version = create(control, "solution_version", **update)
    assert (version["trainingMode"], version["trainingType"]) == ("UPDATE", "MANUAL")
    assert version["tunedHPOParams"] == full["tunedHPOParams"]
    assert metrics(shop, version)[NDCG] > 0

    similar = shop.add_solution("no-update", "aws-similar-items")
    for mode, message in (("UPDATE", "not aws-similar-items"), ("AUTOTRAIN", "must be FULL or UPDATE, not AUTOTRAIN")):
        assert message in refusal(control.create_solution_version, solutionArn=similar, trainingMode=mode)[1]


@pytest.mark.honours("CreateSolutionVersion", "a name is described, and can be used once in a solution")
@pytest.mark.honours("DescribeSolutionVersion", "the name is the end of the ARN, <solution>/<id>, where none was given")
@pytest.mark.honours("ListSolutionVersions", "of a solution, in pages; an unknown solution is not found")
@pytest.mark.honours("DescribeSolution", "the latest version")
def test_versions_have_names_and_are_listed(shop):
    control = shop.control
    arn = shop.add_solution("named", "aws-popularity-count")
    versions = [create(control, "solution_version", solutionArn=arn, name=name) for name in ("first", "second")]
    made = [version["solutionVersionArn"] for version in versions]

    refused = refusal(control.create_solution_version, solutionArn=arn, name="first")
    assert refused.code == "ResourceAlreadyExistsException"
    assert versions[0]["name"] == "first"
    pages = control.get_paginator("list_solution_versions").paginate(solutionArn=arn, PaginationConfig={"PageSize": 1})
    assert [version["solutionVersionArn"] for page in pages for version in page["solutionVersions"]] == made
    latest = control.describe_solution(solutionArn=arn)["solution"]["latestSolutionVersion"]
    assert (latest["solutionVersionArn"], latest["status"]) == (made[1], "ACTIVE")
    unnamed = shop.retrain(arn)
    assert f"{unnamed['solutionVersionArn']}".endswith(f":solution/{unnamed['name']}")
    assert unnamed["name"].startswith("named/")
    assert refusal(control.list_solution_versions, solutionArn=f"{arn}-not")[0] == "ResourceNotFoundException"


@pytest.mark.honours("CreateSolutionVersion", "a dataset that the recipe needs must exist")
def test_without_an_interactions_dataset_nothing_is_trained(engine):
    control = engine.client(account="904000000002")
    group = create(control, "dataset_group", name="empty")["datasetGroupArn"]
    request = {"datasetGroupArn": group, "recipeArn": f"{RECIPE}/aws-sims", "performAutoTraining": False}
    solution = create(control, "solution", name="s", **request)["solutionArn"]

    code, message = refusal(control.create_solution_version, solutionArn=solution)

    assert code == "InvalidInputException"
    assert "no active INTERACTIONS dataset" in message


@pytest.fixture(scope="module")
def slow_shop(s3, tmp_path_factory):
    engine = RunningEngine(tmp_path_factory.mktemp("slow") / "state", s3.url, pace="slow")
    shop = Shop(engine, s3)
    shop.fill()
    yield shop
    engine.stop()


def until_version(control, arn, status):
    until_status(lambda: control.describe_solution_version(solutionVersionArn=arn), status)


@pytest.mark.honours("StopSolutionVersionCreation", "CREATE IN_PROGRESS, CREATE STOPPING, CREATE STOPPED")
@pytest.mark.honours("StopSolutionVersionCreation", "a pending training is CREATE STOPPED at once")
def test_a_training_is_stopped_where_it_stands(slow_shop):
    control = slow_shop.control
    arn = slow_shop.add_solution("stopped", "aws-user-personalization-v2")

    running = control.create_solution_version(solutionArn=arn)["solutionVersionArn"]
    until_version(control, running, "CREATE IN_PROGRESS")
    control.stop_solution_version_creation(solutionVersionArn=running)
    until_version(control, running, "CREATE STOPPED")
    logged = slow_shop.engine.logged_states(running)
    assert logged == ["CREATE IN_PROGRESS", "CREATE STOPPING", "CREATE STOPPED"]

    for _ in range(5):  # where the machine is busy, the training may begin before it is stopped
        pending = control.create_solution_version(solutionArn=arn)["solutionVersionArn"]
        control.stop_solution_version_creation(solutionVersionArn=pending)
        until_version(control, pending, "CREATE STOPPED")
        if slow_shop.engine.logged_states(pending) == ["CREATE STOPPED"]:
            break
    assert slow_shop.engine.logged_states(pending) == ["CREATE STOPPED"]

    code, message = refusal(control.stop_solution_version_creation, solutionVersionArn=pending)
    assert (code, "can be stopped" in message) == ("InvalidInputException", True)
    assert refusal(control.create_campaign, name="c", solutionVersionArn=pending)[0] == "InvalidInputException"
    assert refusal(control.get_solution_metrics, solutionVersionArn=pending)[0] == "InvalidInputException"
    assert slow_shop.retrain(arn)["status"] == "ACTIVE"


@pytest.mark.honours("DeleteSolution", "refused while a version is being trained")
@pytest.mark.honours("GetSolutionMetrics", "ResourceInUseException until the version is ACTIVE")
@pytest.mark.honours("DeleteDataset", "refused during an import, a training or a batch job")
def test_a_solution_whose_version_is_being_trained_stays(slow_shop):
    control = slow_shop.control
    arn = slow_shop.add_solution("busy", "aws-popularity-count")
    version = control.create_solution_version(solutionArn=arn)["solutionVersionArn"]

    assert refusal(control.delete_solution, solutionArn=arn)[0] == "ResourceInUseException"
    assert refusal(control.get_solution_metrics, solutionVersionArn=version)[0] == "ResourceInUseException"
    dataset = slow_shop.datasets["Interactions"]
    assert refusal(control.delete_dataset, datasetArn=dataset)[0] == "ResourceInUseException"
    until_version(control, version, "ACTIVE")
    control.create_batch_inference_job(
        jobName="busy",
        solutionVersionArn=version,
        jobInput={"s3DataSource": {"path": slow_shop.s3.put("data", "busy/in.json", '{"userId": "user-1"}')}},
        jobOutput={"s3DataDestination": {"path": "s3://data/busy/out/"}},
        roleArn=ROLE,
    )
    assert "batch-inference-job/busy" in refusal(control.delete_dataset, datasetArn=dataset).message


@pytest.mark.honours("CreateSolutionVersion", "at most 20 trainings pending or in progress; a taken name comes first")
def test_a_twenty_first_training_at_a_time_is_over_the_quota(slow_shop):
    control = slow_shop.control
    arn = slow_shop.add_solution("many", "aws-popularity-count")
    names = [f"v{number}" for number in range(20)]
    made = [control.create_solution_version(solutionArn=arn, name=name)["solutionVersionArn"] for name in names]
    code, message = refusal(control.create_solution_version, solutionArn=arn)
    taken = refusal(control.create_solution_version, solutionArn=arn, name="v19").code

    for version in made:
        outcome(control.stop_solution_version_creation, solutionVersionArn=version)  # the first may be ACTIVE already
    assert (code, "20 solution versions" in message) == ("LimitExceededException", True)
    assert taken == "ResourceAlreadyExistsException"
