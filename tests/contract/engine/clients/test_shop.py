"""The engine, driven by the AWS command line."""

from __future__ import annotations

import json
import re

import pytest

from tests.contract.engine.clients.programs import CLIENTS, COMMAND_LINE, drive
from tests.factories.shop_stream import SCHEMA_FIELDS, interactions_csv, items_csv, schema_text, shop_rows

COUNTED = re.compile(r'personalize_requests_total\{operation="(\w+)",outcome="ok"\} (\d+)')
# What the script calls with success.
CALLED = {
    *(f"{verb}{kind}" for verb in ("Create", "Describe", "Delete") for kind in ("Campaign", "Dataset", "DatasetGroup")),
    *(f"{verb}{kind}" for verb in ("Create", "Describe", "Delete") for kind in ("EventTracker", "Filter", "Solution")),
    *("CreateDatasetImportJob", "DescribeDatasetImportJob", "CreateSolutionVersion", "DescribeSolutionVersion"),
    *("CreateSchema", "DeleteSchema", "ListSchemas", "ListDatasetGroups", "ListSolutions"),
    *("DescribeRecipe", "GetSolutionMetrics", "TagResource", "UntagResource", "ListTagsForResource"),
    *("PutEvents", "PutItems", "GetRecommendations", "GetPersonalizedRanking"),
}


@pytest.fixture(scope="module")
def printed(engine, s3, tmp_path_factory):
    """What the script printed of the answers it got."""
    folder = tmp_path_factory.mktemp("schemas")
    for name in SCHEMA_FIELDS:
        (folder / f"{name}.json").write_text(schema_text(name))
    s3.put("data", "clients/interactions.csv", interactions_csv(shop_rows()))
    s3.put("data", "clients/items.csv", items_csv())
    before = calls(engine)
    command = (str(COMMAND_LINE / "python"), str(CLIENTS / "shop.py"))
    lines = drive(engine, "810000000002", command, folder, "s3://data/clients").splitlines()
    answers = {name: json.loads(text) for name, _, text in (line.partition("\t") for line in lines)}
    return answers | {"calls": {name for name, count in calls(engine).items() if count > before.get(name, 0)}}


def calls(engine):
    """Return how often each operation was done with success."""
    return {name: int(count) for name, count in COUNTED.findall(engine.get("/metrics"))}


def shows_what_is_called(test):
    for operation in CALLED:
        test = pytest.mark.honours(operation, "called by the AWS command line")(test)
    return test


@shows_what_is_called
def test_a_client_reaches_every_operation_that_a_shop_needs(printed):
    assert printed["calls"] >= CALLED


def test_a_client_gets_the_answers_a_shop_needs(printed):
    assert len(printed["stranger"]) == 5
    assert printed["recommended"][0] == "item-3-5"
    assert printed["recommended"] != printed["stranger"]
    assert all(item.startswith("item-2-") for item in printed["similar"])
    assert printed["ranked"] == ["item-3-5", "item-9-1", "unknown-1"]


def test_a_client_gets_explanations(printed):
    assert printed["explained"][0]["name"] in {"item:item-3-3", "item:item-3-4"}


def test_a_client_gets_filtered_answers(printed):
    assert len(printed["filtered"]) == 5
    assert all(item.startswith(("item-5-", "item-6-", "new-5")) for item in printed["filtered"])


def test_a_client_looks_around(printed):
    assert "normalized_discounted_cumulative_gain_at_25" in printed["metrics"]
    assert printed["tags"] == [{"tagKey": "stage", "tagValue": "test"}]
    assert printed["schemas"] == ["shop-interactions", "shop-items"]
    assert printed["recipe"] == "aws-sims"


def test_a_client_meets_the_errors_by_their_names(printed):
    assert printed["refused"] == {
        "taken name": "ResourceAlreadyExistsException",
        "unknown campaign": "ResourceNotFoundException",
        "unknown campaign asked": "ResourceNotFoundException",
        "eleven events": "InvalidInputException",
        "group in use": "ResourceInUseException",
    }


def test_a_client_leaves_an_empty_account(printed):
    assert printed["left"] == [[], []]
