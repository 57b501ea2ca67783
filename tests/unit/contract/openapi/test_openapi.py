"""The OpenAPI document is valid and complete, and its examples fit it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import openapi_spec_validator
import pytest

from backend.contract import Refusal, generate, read_events, read_item, read_user
from backend.contract.access.roles import ROUTES
from backend.contract.rules.event_types import TYPES
from tests.factories.records import event_fields

NOW = datetime(2026, 2, 1, tzinfo=UTC)
DOCUMENT = json.loads((Path(generate.ROOT) / "backend/contract/generated/openapi.json").read_text())


def _operations():
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def _validator(schema):
    return jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def _examples():
    for route, operation in _operations():
        contents = [("request", operation.get("requestBody", {}))]
        contents += list(operation["responses"].items())
        for part, holder in contents:
            content = holder.get("content", {}).get("application/json")
            for title, example in (content or {"examples": {}})["examples"].items():
                yield pytest.param(content["schema"], example["value"], id=f"{route} {part} {title}")


def test_the_document_is_valid():
    openapi_spec_validator.validate(DOCUMENT)


def test_every_route_is_described_with_the_roles_of_the_table():
    operations = dict(_operations())
    schemes = {"header": "key", "query": "page_key"}

    assert {route: operation["security"] for route, operation in operations.items()} == {
        route: [{schemes[access.credential]: [role]} for role in access.roles] for route, access in ROUTES.items()
    }
    assert [route for route, operation in operations.items() if not operation["security"]] == ["GET /health"]
    for route, operation in operations.items():
        assert operation["summary"], route
        assert any(status.startswith("2") for status in operation["responses"]), route
        named = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"}
        assert named == {part[1:-1] for part in route.split("/") if part.startswith("{")}, route
        for status in {"429", "503"} & set(operation["responses"]):
            assert "Retry-After" in operation["responses"][status]["headers"], route


@pytest.mark.parametrize(("schema", "example"), list(_examples()))
def test_an_example_fits_its_schema(schema, example):
    _validator(schema).validate(example)


def test_the_examples_of_requests_are_accepted():
    bodies = {route: operation["requestBody"] for route, operation in _operations() if "requestBody" in operation}

    def values(route):
        return {name: e["value"] for name, e in bodies[route]["content"]["application/json"]["examples"].items()}

    read: list[object] = [
        event for body in values("POST /events").values() for event in read_events(json.dumps(body).encode(), now=NOW)
    ]
    bulk = values("POST /update-data")
    read += [read_item(json.dumps(record).encode()) for record in bulk["items"]["records"]]
    read += [read_user(json.dumps(record).encode()) for record in bulk["users"]["records"]]

    assert len(read) == 7
    assert not any(isinstance(record, Refusal) for record in read)


@pytest.mark.parametrize("event_type", TYPES)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"item_id": ...},
        {"item_id": None, "impression": ["i-1", "i-2"], "positions": [1, 2]},
        {"impression": ["i-1", "i-1"]},
        {"item_id": ..., "impression": ["i-1", "i-1"]},
        *({"item_id": item, "impression": ["i-1"], "position": 2} for item in ("i-1", ...)),
        *({"order_id": "o-1", "item_id": item, "impression": ["i-1"]} for item in ("i-1", ...)),
        *({"quantity": 2, "item_id": item, "impression": ["i-1"]} for item in ("i-1", ...)),
        {"event_value": 1.5, "currency": "EUR"},
        {"item_id": ..., "impression": ["i-1"], "event_value": 1},
        {"currency": "EUR"},
        {"currency": None, "quantity": None, "order_id": None, "positions": None},
    ],
)
def test_the_schema_of_an_event_has_the_fields_that_only_some_events_have(event_type, changes):
    event = event_fields(event_type=event_type, **changes)
    (read,) = read_events(json.dumps(event).encode(), now=NOW)

    assert _validator({"$ref": "#/components/schemas/Event"}).is_valid(event) == (not isinstance(read, Refusal))


@pytest.mark.parametrize("changes", [{"user_id": 3}, {"item_id": ...}, {"user_id": ..., "session_id": ...}, {"x": 1}])
def test_the_schema_of_an_event_refuses_invalid_events(changes):
    schema = {"$ref": "#/components/schemas/Event"}

    _validator(schema).validate(event_fields())
    assert not _validator(schema).is_valid(event_fields(**changes))


def test_every_text_of_a_request_has_a_form():
    """Without one, a control character would be valid, which the functions refuse."""
    schemas = [
        (f"{route} {parameter['name']}", parameter["schema"])
        for route, operation in _operations()
        for parameter in operation.get("parameters", [])
    ]
    schemas += [(name, DOCUMENT["components"]["schemas"][name]) for name in ("Rerank", "Visitor", "NewUpload", "Train")]

    assert {name: text for name, schema in schemas for text in _texts(schema)} == {}


def _texts(schema):
    """Yield the schemas of texts without a pattern or listed values."""
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "string" and not {"pattern", "enum"} & schema.keys():
        yield schema
    for part in (*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")):
        yield from _texts(part)
