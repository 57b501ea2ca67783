"""The generated files fit Personalize, Glue and API Gateway."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import fastavro
import jsonschema
import pytest
from hypothesis import given, settings

from backend.contract import Refusal, generate, read_event, read_item, read_user
from tests.factories.records import NOW, event_fields, full_event_fields, impression_fields, item_fields, user_fields
from tests.unit.contract.strategies import mutations, payloads, valid_events

ROOT = Path(__file__).resolve().parents[3]
# https://docs.aws.amazon.com/personalize/latest/dg/custom-datasets-and-schemas.html
RESERVED = {
    "USER_ID": "string",
    "ITEM_ID": "string",
    "TIMESTAMP": "long",
    "EVENT_TYPE": "string",
    "EVENT_VALUE": ["float", "null"],
    "IMPRESSION": ["string", "null"],
    "RECOMMENDATION_ID": ["string", "null"],
    "CREATION_TIMESTAMP": "long",
}
COLUMNS = {
    "interactions": "USER_ID ITEM_ID TIMESTAMP EVENT_TYPE EVENT_VALUE IMPRESSION RECOMMENDATION_ID DEVICE HOUR",
    "items": "ITEM_ID TITLE CATEGORY BRAND PRICE AVAILABILITY DESCRIPTION CREATION_TIMESTAMP",
    "users": "USER_ID AGE_GROUP GENDER INTERESTS MEMBERSHIP COUNTRY REGION CITY DEVICE",
}


def _schema(dataset):
    return json.loads((ROOT / f"model/schemas/{dataset}.avsc").read_text())


def _models():
    return json.loads((ROOT / "infrastructure/modules/api/generated/models.json").read_text())


def test_the_committed_files_match_the_models():
    assert generate.drifted() == []


def test_a_changed_and_a_missing_file_are_listed(tmp_path):
    # Given all files written, then one altered and one removed
    generate.write(tmp_path)
    (tmp_path / "model/schemas/items.avsc").write_text("{}")
    (tmp_path / "model/schemas/users.avsc").unlink()

    assert generate.drifted(tmp_path) == ["model/schemas/items.avsc", "model/schemas/users.avsc"]
    assert generate.write(tmp_path) == ["model/schemas/items.avsc", "model/schemas/users.avsc"]
    assert generate.drifted(tmp_path) == []


@pytest.mark.parametrize("dataset", list(COLUMNS))
def test_a_dataset_schema_keeps_the_rules_of_personalize(dataset):
    schema = _schema(dataset)
    fastavro.parse_schema(schema)

    assert (schema["namespace"], schema["version"]) == ("com.amazonaws.personalize.schema", "1.0")
    assert schema["name"] == dataset.capitalize()
    assert [field["name"] for field in schema["fields"]] == COLUMNS[dataset].split()
    for field in schema["fields"]:
        assert set(field) <= {"name", "type", "categorical", "textual"}
        if field["name"] in RESERVED:
            assert field["type"] == RESERVED[field["name"]]
            assert not field.get("categorical")
    assert len({re.sub("[^A-Z0-9]", "", field["name"]) for field in schema["fields"]}) == len(schema["fields"])
    assert sum(field.get("textual", False) for field in schema["fields"]) == (dataset == "items")


def test_the_categorical_columns_are_marked():
    categorical = {f["name"] for name in COLUMNS for f in _schema(name)["fields"] if f.get("categorical")}

    users = {"AGE_GROUP", "GENDER", "INTERESTS", "MEMBERSHIP", "COUNTRY", "REGION", "CITY"}
    assert categorical == {"CATEGORY", "BRAND", "DEVICE", "HOUR"} | users


def test_a_row_of_interactions_fits_its_schema():
    schema = fastavro.parse_schema(_schema("interactions"))

    assert fastavro.validation.validate(
        {
            "USER_ID": "u",
            "ITEM_ID": "i",
            "TIMESTAMP": 1769860800,
            "EVENT_TYPE": "View",
            "EVENT_VALUE": None,
            "IMPRESSION": "i|j",
            "RECOMMENDATION_ID": None,
            "DEVICE": "phone",
            "HOUR": "12",
        },
        schema,
    )


def test_the_lake_has_a_column_for_every_field():
    tables = json.loads((ROOT / "infrastructure/modules/lake/generated/columns.json").read_text())

    types = {table: {column["name"]: column["type"] for column in columns} for table, columns in tables.items()}
    assert set(types["events"]) == {*full_event_fields(), "positions", "bot"}
    assert set(types["items"]) == set(item_fields())
    assert set(types["users"]) == set(user_fields())
    assert types["events"]["timestamp"] == types["events"]["received_at"] == "timestamp"
    assert types["events"]["impression"] == "array<string>"
    assert types["events"]["positions"] == "array<bigint>"
    # A table's columns are only ever added to.
    assert list(types["events"])[12:15] == ["received_at", "bot", "visitor_id"]
    assert list(types["users"])[-5:] == ["properties", "country", "region", "city", "device"]
    assert types["events"]["properties"] == types["items"]["created_at"] == "string"
    # https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html
    assert all(len(column["comment"]) <= 255 for columns in tables.values() for column in columns)


def test_every_model_is_a_draft_4_schema_that_stands_alone():
    models = _models()

    assert set(models) == {
        "Event",
        "EventBatch",
        "Item",
        "User",
        "UpdateData",
        "NewUpload",
        "Rerank",
        "Train",
        "Visitor",
    }
    for name, schema in models.items():
        assert name.isalnum()
        jsonschema.Draft4Validator.check_schema(schema)
        text = json.dumps(schema)
        assert not any(f'"{later}":' in text for later in ("const", "examples", "$ref", "$defs", "if"))


@settings(max_examples=200)
@given(payloads(valid_events, mutations))
def test_the_gateways_model_accepts_every_valid_event(payload):
    event = read_event(payload, now=NOW)

    if not isinstance(event, Refusal):
        jsonschema.Draft4Validator(_EVENT).validate(json.loads(payload))


@pytest.mark.parametrize(
    ("kind", "read", "fields"),
    [
        ("Event", partial(read_event, now=NOW), event_fields()),
        ("Event", partial(read_event, now=NOW), event_fields(user_id=...)),
        ("Event", partial(read_event, now=NOW), event_fields(session_id=...)),
        ("Event", partial(read_event, now=NOW), impression_fields()),
        ("Item", read_item, item_fields()),
        ("User", read_user, user_fields()),
    ],
)
def test_the_schemas_accept_null_where_the_reader_does(kind, read, fields):
    document = json.loads((ROOT / "backend/contract/generated/openapi.json").read_text())["components"]["schemas"]
    for name in document[kind]["properties"]:
        record = {**fields, name: None}
        accepted = not isinstance(read(json.dumps(record).encode()), Refusal)

        for schema in (_models()[kind], document[kind]):
            assert jsonschema.Draft4Validator(schema).is_valid(record) == accepted, name


@pytest.mark.parametrize(
    "changes",
    [
        {"user_id": ..., "session_id": ...},
        {"item_id": ...},
        {"event_type": "Stare"},
        {"user_id": 3},
        {"user_id": "x" * 257},
        {"user_id": "a\nb"},
        {"colour": "red"},
        {"impression": []},
        {"properties": {"a": []}},
        {"timestamp": ...},
        {"event_type": "Impression"},
        {"quantity": 1.5},
        {"currency": "eur"},
        {"position": 0},
    ],
)
def test_the_gateways_model_refuses_invalid_events(changes):
    assert not jsonschema.Draft4Validator(_EVENT).is_valid(event_fields(**changes))


def test_the_gateways_models_accept_valid_requests():
    models = {name: jsonschema.Draft4Validator(schema) for name, schema in _models().items()}

    models["EventBatch"].validate(event_fields())
    models["EventBatch"].validate([event_fields(), full_event_fields(), impression_fields(positions=[1, 3])])
    models["UpdateData"].validate({"kind": "interactions", "records": [event_fields()]})
    models["UpdateData"].validate({"kind": "items", "records": [item_fields()]})
    models["UpdateData"].validate({"kind": "users", "records": [user_fields()]})
    models["UpdateData"].validate({"kind": "items", "source": "s3://uploads/items.csv.gz"})
    models["Rerank"].validate({"user_id": "u", "items": ["a", "b"]})
    models["Train"].validate({"client_token": "monday"})
    assert not models["UpdateData"].is_valid({"kind": "items", "records": [user_fields()]})


_EVENT = _models()["Event"]
