"""States of the training workflow, run by the emulator as Terraform renders them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest

from backend.recommend.filters import FRESH_SECONDS
from tests.contract.engine.running_engine import RunningEngine
from tests.factories.avro import avro_schema
from tests.factories.train_workflow import train_states, workflow
from tests.fakes.emulator.cloud import run_once
from tests.fakes.emulator.personalize import ARN
from tests.fakes.emulator.process import Emulator, free_port


def job_arguments(run_workflow: Any, days: str) -> tuple[dict[str, str], datetime]:
    """Return the arguments of the Spark job, and the start of the execution."""
    arguments = train_states(training_days=days)["BuildDataSets"]["Arguments"]["Arguments"]
    states = {
        "Configure": {"Type": "Pass", "Assign": {"training_days": json.loads(days), "run_id": "r"}, "Next": "Evaluate"},
        "Evaluate": {"Type": "Succeed", "Output": arguments},
    }
    ended = run_workflow(f"window-{days}", workflow(states))
    assert ended["status"] == "SUCCEEDED", ended
    return json.loads(ended["output"]), ended["startDate"]


@pytest.mark.parametrize("days", [1, 365])
def test_a_training_reads_the_declared_days_before_its_start(run_workflow, days):
    arguments, started = job_arguments(run_workflow, str(days))

    assert abs(datetime.fromisoformat(arguments["--from"]) - (started - timedelta(days=days))) < timedelta(seconds=2)
    assert arguments["--run_id"] == "r"


def test_without_a_window_a_training_reads_the_whole_lake(run_workflow):
    arguments, _ = job_arguments(run_workflow, "null")

    assert arguments.keys() == {"--lake", "--datasets", "--run_id"}


@pytest.mark.parametrize("own", [[], [{"TagKey": "rivulet:repeats", "TagValue": "true"}]])
def test_a_new_solution_has_its_own_tags_besides_those_of_the_environment(run_workflow, own):
    tags = [{"TagKey": "Project", "TagValue": "shop"}, {"TagKey": "ManagedBy", "TagValue": "shop-train"}]
    create = train_states()["TrainAndDeploy"]["ItemProcessor"]["States"]["CreateSolution"]
    states = {
        "Configure": {"Type": "Pass", "Assign": {"tags": tags, "solution": {"tags": own}}, "Next": "Evaluate"},
        "Evaluate": {"Type": "Succeed", "Output": create["Arguments"]["Tags"]},
    }

    ended = run_workflow(f"tags-{len(own)}", workflow(states))

    assert json.loads(ended["output"]) == tags + own


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    running = RunningEngine(tmp_path_factory.mktemp("workflow-engine") / "state", "http://127.0.0.1:1")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def ensure_datasets(engine, tmp_path_factory):
    """Return a function that runs the states about datasets in front of an engine, for a dataset of some fields."""
    emulator = Emulator(tmp_path_factory.mktemp("workflow"), free_port(), engine_url=f"http://127.0.0.1:{engine.port}")
    emulator.start()
    emulator.client("personalize").create_dataset_group(name="shop")

    def run(*fields: dict[str, Any], kind: str = "Items") -> dict[str, Any]:
        schema = avro_schema(kind, list(fields))
        folder = kind.lower()
        name = f"shop-{folder}-{sha256(schema.encode()).hexdigest()[:8]}"
        declared = {
            "type": kind.upper(),
            "name": f"shop-{folder}",
            "folder": folder,
            "schema_name": name,
            "schema": schema,
        }
        known = {
            "configuration": {"dataset_group": "shop", "datasets": [declared]},
            "arn": ARN,
            "dataset_group_arn": f"{ARN}:dataset-group/shop",
            "poll_seconds": 1,
            "tags": [],
        }
        ensure = {**train_states(prefix="shop")["EnsureDatasets"], "Next": "Ready"}
        states = {
            "Start": {"Type": "Pass", "Assign": known, "Next": "EnsureDatasets"},
            "EnsureDatasets": ensure,
            "Ready": {"Type": "Succeed", "Output": "{% $kept_schemas %}"},
        }
        ended = run_once(emulator, f"datasets-{uuid4()}", workflow(states), 30)
        arn = f"{ARN}:dataset/shop/{kind.upper()}"
        described = emulator.client("personalize").describe_dataset(datasetArn=arn)["dataset"]
        return {**ended, "schema": described["schemaArn"], "current": described["schemaArn"].endswith(name)}

    yield run
    emulator.close()


ITEM_FIELDS = ({"name": "ITEM_ID", "type": "string"}, {"name": "PRICE", "type": ["float", "null"]})
STOCK = {"name": "AVAILABILITY", "type": ["string", "null"]}


def test_a_column_that_allows_null_is_added_to_an_existing_dataset(ensure_datasets):
    assert ensure_datasets(*ITEM_FIELDS)["current"]

    added, again = ensure_datasets(*ITEM_FIELDS, STOCK), ensure_datasets(*ITEM_FIELDS, STOCK)

    assert (added["status"], added["current"]) == (again["status"], again["current"]) == ("SUCCEEDED", True), added


def test_a_schema_that_loses_a_column_ends_the_training_with_the_reason_of_personalize(ensure_datasets):
    ensure_datasets(*ITEM_FIELDS, STOCK)

    ended = ensure_datasets(*ITEM_FIELDS)

    assert (ended["status"], ended["error"], ended["current"]) == ("FAILED", "DatasetHasAnotherSchema", False)
    assert "lacks the field AVAILABILITY" in ended["cause"]
    assert "Restore the declared schema" in ended["cause"]


EVENT_FIELDS = (
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
)
DEVICE = {"name": "DEVICE", "type": ["string", "null"], "categorical": True}


def test_the_interactions_keep_the_schema_that_personalize_cannot_replace_and_the_training_names_it(ensure_datasets):
    made = ensure_datasets(*EVENT_FIELDS, kind="Interactions")
    assert (made["current"], json.loads(made["output"])) == (True, [])

    again = ensure_datasets(*EVENT_FIELDS, DEVICE, kind="Interactions")

    assert (again["status"], again["schema"]) == ("SUCCEEDED", made["schema"]), again
    assert json.loads(again["output"]) == [
        {"DatasetArn": f"{ARN}:dataset/shop/INTERACTIONS", "KeptSchemaArn": made["schema"]}
    ]


def chosen(run_workflow: Any, choice: dict[str, Any], **known: Any) -> str:
    """Return the name of the state that a choice leads to, where these variables are known."""
    following = {choice["Default"], *(each["Next"] for each in choice["Choices"])}
    states = {
        "Start": {"Type": "Pass", "Assign": known, "Next": "Choice"},
        "Choice": choice,
        **{name: {"Type": "Succeed", "Output": name} for name in following},
    }
    ended = run_workflow(f"choice-{uuid4()}", workflow(states))
    assert ended["status"] == "SUCCEEDED", ended
    return str(json.loads(ended["output"]))


@pytest.mark.parametrize(("interactions", "users", "enough"), [(1000, 25, True), (999, 25, False), (1000, 24, False)])
def test_a_training_needs_as_many_interactions_and_users_as_personalize(run_workflow, interactions, users, enough):
    manifest = {"written": {"interactions": interactions}, "profile": {"trained": {"users_with_two": users}}}

    following = chosen(run_workflow, train_states()["AreInteractionsEnough"], manifest=manifest)

    assert following == ("ImportDataSets" if enough else "TooFewInteractions")


@pytest.mark.parametrize(
    ("wanted", "found", "is_another"),
    [
        ({}, {"AutoTrainingConfig": {"SchedulingExpression": "rate(7 days)"}}, False),
        ({"AlgorithmHyperParameters": {"a": "1"}}, {"AlgorithmHyperParameters": {"a": "1", "b": "2"}}, False),
        ({"AlgorithmHyperParameters": {"a": "1"}}, {"AlgorithmHyperParameters": {"a": "2", "b": "2"}}, True),
        ({"EventValueThreshold": "2"}, {"EventValueThreshold": "3"}, True),
        ({"EventValueThreshold": "2"}, {}, True),
    ],
)
def test_an_existing_solution_or_campaign_has_the_declared_configuration(run_workflow, wanted, found, is_another):
    states = train_states()["TrainAndDeploy"]["ItemProcessor"]["States"]
    solution = {"recipe_arn": "r", "solution_config": wanted, "campaign": {"min_provisioned_tps": 1, "config": wanted}}

    of_solution = chosen(
        run_workflow,
        states["IsSolutionReady"],
        solution=solution,
        described={"RecipeArn": "r", "Status": "ACTIVE", "SolutionConfig": found},
    )
    of_campaign = chosen(
        run_workflow,
        states["IsAnythingToDeploy"],
        solution=solution,
        is_deployed=True,
        verdict={"kept": "champion"},
        described={"MinProvisionedTPS": 1, "CampaignConfig": found},
    )

    assert of_solution == ("SolutionHasAnotherConfig" if is_another else "CreateSolutionVersion")
    assert of_campaign == ("UpdateCampaign" if is_another else "ChampionKept")


@pytest.mark.parametrize(
    ("dataset", "update", "is_updated", "expected"),
    [
        ("CREATE IN_PROGRESS", None, False, "WaitForDataset"),
        ("ACTIVE", None, False, "UpdateDataset"),
        ("ACTIVE", None, True, "WaitForDataset"),
        ("UPDATE IN_PROGRESS", "CREATE IN_PROGRESS", True, "WaitForDataset"),
        ("ACTIVE", "CREATE PENDING", False, "WaitForDataset"),
        ("ACTIVE", "CREATE FAILED", False, "UpdateDataset"),
        ("UPDATE FAILED", "UPDATE FAILED", True, "DatasetHasAnotherSchema"),
    ],
)
def test_a_dataset_with_another_schema_is_updated_once(run_workflow, dataset, update, is_updated, expected):
    described: dict[str, Any] = {"Status": dataset, "SchemaArn": "old"}
    if update:
        described["LatestDatasetUpdate"] = {"Status": update, "SchemaArn": "new"}
    choice = train_states()["EnsureDatasets"]["ItemProcessor"]["States"]["IsDatasetReady"]

    known = {"dataset": {"type": "ITEMS"}, "described": described, "schema_arn": "new", "is_updated": is_updated}
    assert chosen(run_workflow, choice, **known) == expected


class Filters:
    """The states about filters, for declared ones."""

    def __init__(self, cloud: Any, run_workflow: Any) -> None:
        self.cloud = cloud
        self.run_workflow = run_workflow
        self.runs = 0

    def train(self, **declared: str) -> None:
        """Run the states with filters of these names and expressions, without the wait before a deletion."""
        filters = [
            {"name": f"shop-{name}", "arn": f"{ARN}:filter/shop-{name}", "expression": expression}
            for name, expression in declared.items()
        ]
        value = json.dumps(json.dumps([{"name": each["name"], "arn": each["arn"]} for each in filters]))
        states = train_states(prefix="shop", filters_parameter="/shop/filters", published_filters=value)
        names = ("EnsureFilters", "PublishFilters", "ListFilters", "IsAnyFilterReplaced", "DeleteFilters")
        known = {
            "configuration": {"filters": filters},
            "poll_seconds": 1,
            "tags": [{"TagKey": "Project", "TagValue": "shop"}],
            "dataset_group_arn": f"{ARN}:dataset-group/g",
        }
        kept = {name: states[name] for name in names}
        kept["PublishFilters"]["Next"] = "ListFilters"
        assert kept["IsAnyFilterReplaced"]["Choices"][0]["Next"] == "WaitForServing"
        assert states["WaitForServing"]["Seconds"] >= 2 * FRESH_SECONDS
        kept["IsAnyFilterReplaced"]["Choices"][0]["Next"] = "DeleteFilters"
        start = {"Type": "Pass", "Assign": known, "Next": "EnsureFilters"}
        self.runs += 1
        definition = workflow({"Start": start, **kept, "DeployedAll": {"Type": "Succeed"}})
        ended = self.run_workflow(f"filters-{self.runs}", definition)
        assert ended["status"] == "SUCCEEDED", ended

    @property
    def existing(self) -> dict[str, str]:
        filters = self.cloud.personalize.filters.values()
        return {each["name"]: each["filterExpression"] for each in filters}

    @property
    def published(self) -> list[str]:
        value: str = self.cloud.client("ssm").get_parameter(Name="/shop/filters")["Parameter"]["Value"]
        return [each["name"] for each in json.loads(value)]


def test_declared_filters_are_created_published_replaced_and_deleted(cloud, run_workflow):
    filters = Filters(cloud, run_workflow)
    filters.train(**{"price-0123abcd": "P", "bought-0123abcd": "B"})
    assert filters.existing == {"shop-price-0123abcd": "P", "shop-bought-0123abcd": "B"}
    assert filters.published == ["shop-price-0123abcd", "shop-bought-0123abcd"]

    # One is unchanged, one is changed, and a user's own filter of the group stays.
    cloud.personalize.filters[f"{ARN}:filter/shop-of-marketing"] = {
        "name": "shop-of-marketing",
        "filterExpression": "M",
    }
    filters.train(**{"price-0123abcd": "P", "bought-4567cdef": "C"})
    assert filters.existing == {"shop-price-0123abcd": "P", "shop-bought-4567cdef": "C", "shop-of-marketing": "M"}

    # A broken one is created twice and is not published; the training continues.
    filters.train(**{"price-0123abcd": "P", "odd-89abcdef": "BROKEN"})
    assert filters.published == ["shop-price-0123abcd"]
    created = [body["name"] for _, action, body in cloud.personalize.requests if action.endswith("CreateFilter")]
    assert created.count("shop-odd-89abcdef") == 2

    filters.train()
    assert filters.existing == {"shop-of-marketing": "M"}
    assert filters.published == []
