"""Schemas and datasets: what each type and domain asks for, and how a schema is replaced."""

from __future__ import annotations

import json
import re
import sqlite3

import pytest

from tests.contract.engine.calls import create, outcome, refusal, update
from tests.contract.engine.running_engine import seen_until
from tests.contract.engine.shops import Shop
from tests.factories.avro import avro_schema
from tests.factories.domain_shop import domain_schema
from tests.factories.shop_stream import SCHEMA_FIELDS, items_csv, schema_text

ACCOUNT = "888888888801"


def text(name, **more):
    return {"name": name, "type": ["string", "null"], **more}


@pytest.fixture(scope="module")
def control(engine):
    return engine.client(account=ACCOUNT)


@pytest.mark.honours("CreateSchema", "required and reserved fields of each domain, with their types and attributes")
@pytest.mark.parametrize(
    ("domain", "name", "fields", "message"),
    [
        ("ECOMMERCE", "Interactions", SCHEMA_FIELDS["Interactions"][:3], "must have the field EVENT_TYPE"),
        ("ECOMMERCE", "Items", [{"name": "ITEM_ID", "type": "string"}, text("X")], "must have the field PRICE"),
        (
            "ECOMMERCE",
            "Items",
            [{"name": "ITEM_ID", "type": "string"}, {"name": "PRICE", "type": "float"}, text("CATEGORY_L1")],
            'field CATEGORY_L1 must have "categorical": true',
        ),
        (
            "VIDEO_ON_DEMAND",
            "Items",
            [{"name": "ITEM_ID", "type": "string"}, {"name": "CREATION_TIMESTAMP", "type": "long"}],
            "must have the field GENRES",
        ),
        (
            "VIDEO_ON_DEMAND",
            "Users",
            [{"name": "USER_ID", "type": "string"}, text("SUBSCRIPTION_MODEL")],
            'field SUBSCRIPTION_MODEL must have "categorical": true',
        ),
        ("ECOMMERCE", "Actions", [{"name": "ACTION_ID", "type": "string"}, text("X")], "may not have a domain"),
    ],
)
def test_a_domain_asks_for_its_fields(control, domain, name, fields, message):
    code, found = refusal(control.create_schema, name="refused", schema=avro_schema(name, fields), domain=domain)

    assert code == "InvalidInputException"
    assert message in found


@pytest.mark.honours("CreateSchema", "reserved fields, attributes of fields, names and numbers of fields are checked")
@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("Interactions", [*SCHEMA_FIELDS["Interactions"][:2], {"name": "TIMESTAMP", "type": "int"}], "type long"),
        (
            "Interactions",
            [*SCHEMA_FIELDS["Interactions"][:3], {"name": "EVENT_TYPE", "type": "string", "categorical": True}],
            "field EVENT_TYPE may not be categorical",
        ),
        ("Items", [SCHEMA_FIELDS["Items"][0], text("A_B"), text("AB")], "the same once underscores are dropped"),
        ("Items", [SCHEMA_FIELDS["Items"][0], text("A", textual=True), text("B", textual=True)], "may be textual"),
        ("Items", [SCHEMA_FIELDS["Items"][0], text("A", itemName=True), text("B", itemName=True)], "may be itemName"),
        ("Users", [SCHEMA_FIELDS["Users"][0], text("A", itemName=True)], "itemName is for string fields of Items"),
        ("Users", [SCHEMA_FIELDS["Users"][0], *(text(f"C{n}") for n in range(26))], "may have 25 metadata fields"),
        ("Items", [SCHEMA_FIELDS["Items"][0], text("A" * 151)], "150 at most"),
        (
            "Items",
            [SCHEMA_FIELDS["Items"][0], {"name": "A", "type": "int", "categorical": True}],
            "categorical is for string fields",
        ),
        ("Actions", [{"name": "ACTION_ID", "type": "string"}], "at least one metadata field"),
        (
            "Actions",
            [{"name": "ACTION_ID", "type": "string"}, *(text(f"C{n}") for n in range(11))],
            "may have 10 metadata fields",
        ),
        (
            "ActionInteractions",
            [{"name": name, "type": "string"} for name in ("USER_ID", "ACTION_ID", "EVENT_TYPE")],
            "must have the field TIMESTAMP",
        ),
    ],
)
def test_a_schema_is_refused_with_the_rule_that_it_breaks(control, name, fields, message):
    code, found = refusal(control.create_schema, name="refused", schema=avro_schema(name, fields))

    assert code == "InvalidInputException"
    assert message in found


@pytest.mark.honours("CreateDataset", "the schema must be of the dataset's type and of the group's domain")
@pytest.mark.honours(
    "CreateDataset", "a domain dataset group has interactions, items and users; a custom one has actions too"
)
def test_a_dataset_takes_a_schema_of_its_type_and_domain(control):
    group = create(control, "dataset_group", name="video", domain="VIDEO_ON_DEMAND")["datasetGroupArn"]
    video = control.create_schema(name="v", schema=domain_schema("VIDEO_ON_DEMAND", "Items"), domain="VIDEO_ON_DEMAND")
    custom = control.create_schema(name="c", schema=schema_text("Items"))
    actions = control.create_schema(
        name="a", schema=avro_schema("Actions", [{"name": "ACTION_ID", "type": "string"}, text("X")])
    )
    request = {"name": "items", "datasetGroupArn": group, "datasetType": "Items"}

    wrong_domain = refusal(control.create_dataset, schemaArn=custom["schemaArn"], **request)
    wrong_type = refusal(control.create_dataset, schemaArn=video["schemaArn"], **{**request, "datasetType": "Users"})
    no_actions = refusal(
        control.create_dataset, schemaArn=actions["schemaArn"], **{**request, "datasetType": "Actions"}
    )
    made = create(control, "dataset", schemaArn=video["schemaArn"], **request)

    assert "is for custom dataset groups" in wrong_domain[1]
    assert "describes ITEMS, not USERS" in wrong_type[1]
    assert "may not have a dataset of ACTIONS" in no_actions[1]
    assert made["datasetArn"].endswith("dataset/video/ITEMS")
    assert control.describe_schema(schemaArn=video["schemaArn"])["schema"]["domain"] == "VIDEO_ON_DEMAND"
    assert outcome(control.delete_schema, schemaArn=video["schemaArn"]) == "ResourceInUseException"


@pytest.fixture(scope="module")
def shop(engine, s3):
    return Shop(engine, s3, account="888888888802")


@pytest.mark.honours("UpdateDataset", "the fields of the old schema must be kept, new ones must allow null")
@pytest.mark.honours("UpdateDataset", "only the schemas of Items and Users can be replaced")
@pytest.mark.parametrize(
    ("dataset", "fields", "message"),
    [
        ("Items", SCHEMA_FIELDS["Items"][:3], "lacks the field PRICE"),
        (
            "Items",
            [*SCHEMA_FIELDS["Items"][:3], {"name": "PRICE", "type": "float"}, SCHEMA_FIELDS["Items"][4]],
            "PRICE must keep",
        ),
        ("Items", [*SCHEMA_FIELDS["Items"], {"name": "COLOUR", "type": "string"}], "COLOUR must allow null"),
        ("Interactions", [*SCHEMA_FIELDS["Interactions"], text("DEVICE")], "INTERACTIONS cannot be replaced"),
    ],
)
def test_a_schema_that_loses_something_does_not_replace_another(shop, dataset, fields, message):
    name = re.sub("[^A-Za-z]+", "-", message)
    made = shop.control.create_schema(name=name, schema=avro_schema(dataset, fields))

    code, found = refusal(shop.control.update_dataset, datasetArn=shop.datasets[dataset], schemaArn=made["schemaArn"])

    assert code == "InvalidInputException"
    assert message in found


@pytest.mark.honours("UpdateDataset", "latestDatasetUpdate goes through the states, then the dataset has the schema")
@pytest.mark.honours("UpdateDataset", "existing solutions do not train on new columns until they are updated")
@pytest.mark.honours("PutItems", "a column that was added to the schema is accepted")
def test_a_replaced_schema_is_in_effect_for_what_comes_and_keeps_what_is_there(shop):
    control, items = shop.control, shop.datasets["Items"]
    shop.load("Items", shop.s3.put("data", "replaced/items.csv", items_csv()), "items")
    solution = shop.add_solution("there-before", "aws-popularity-count")
    old = control.describe_dataset(datasetArn=items)["dataset"]["schemaArn"]
    new = control.create_schema(
        name="with-colour", schema=avro_schema("Items", [*SCHEMA_FIELDS["Items"], text("COLOUR", categorical=True)])
    )["schemaArn"]
    row = {"itemId": "painted", "properties": json.dumps({"colour": "red"})}
    assert outcome(shop.events.put_items, datasetArn=items, items=[row]) == "InvalidInputException"

    described = update(control, "dataset", datasetArn=items, schemaArn=new)
    assert described["schemaArn"] == described["latestDatasetUpdate"]["schemaArn"] == new
    shop.events.put_items(datasetArn=items, items=[row])
    lacking = shop.load("Items", shop.s3.put("data", "replaced/items.csv", items_csv()), "without", may_fail=True)
    assert "lacks columns of the schema: [COLOUR]" in lacking["failureReason"]
    assert "solutionConfig" not in control.describe_solution(solutionArn=solution)["solution"]
    version = shop.retrain(solution, may_fail=True)  # there are no interactions
    assert excluded_columns(shop, version["solutionVersionArn"]) == {"ITEMS": ["COLOUR"]}
    control.delete_schema(schemaArn=old)


def excluded_columns(shop, version):
    """Return the columns that a version was not trained on, which no answer shows."""
    with sqlite3.connect(shop.engine.directory / "control.sqlite") as database:
        [(internals,)] = database.execute("SELECT private FROM resources WHERE arn = ?", [version])
    return json.loads(internals)["excluded"]


@pytest.mark.honours("UpdateDataset", "an update that a crash interrupted ends after the next start")
@pytest.mark.honours("DescribeDataset", "UPDATE PENDING, UPDATE IN_PROGRESS, ACTIVE during an update of the schema")
@pytest.mark.honours("DeleteDataset", "refused while the dataset is being updated")
@pytest.mark.honours("PutItems", "items are accepted while the dataset is being updated")
def test_an_update_survives_a_kill(slow_engine, s3):
    shop = Shop(slow_engine, s3)
    items = shop.datasets["Items"]
    new = shop.control.create_schema(
        name="with-colour", schema=avro_schema("Items", [*SCHEMA_FIELDS["Items"], text("COLOUR")])
    )["schemaArn"]
    shop.control.update_dataset(datasetArn=items, schemaArn=new)
    states = [shop.control.describe_dataset(datasetArn=items)["dataset"]["status"]]
    again = refusal(shop.control.update_dataset, datasetArn=items, schemaArn=new)
    unused = outcome(shop.control.delete_schema, schemaArn=new)
    deleted = outcome(shop.control.delete_dataset, datasetArn=items)
    shop.put_item("item-1", price=2.5)
    slow_engine.kill()
    slow_engine.start()
    control = slow_engine.client()

    states += seen_until(lambda: control.describe_dataset(datasetArn=items), "ACTIVE")

    described = control.describe_dataset(datasetArn=items)["dataset"]
    assert described["latestDatasetUpdate"]["status"] == "ACTIVE"
    assert states[0] != "ACTIVE"
    assert set(states) <= {"UPDATE PENDING", "UPDATE IN_PROGRESS", "ACTIVE"}
    assert control.describe_dataset(datasetArn=items)["dataset"]["schemaArn"] == new
    assert again[0] == unused == deleted == "ResourceInUseException"
