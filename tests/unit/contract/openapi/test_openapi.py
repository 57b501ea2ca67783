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


@pytest.mark.parametrize("changes", [{"user_id": 3}, {"item_id": ...}, {"user_id": ..., "session_id": ...}, {"x": 1}])
def test_the_schema_of_an_event_refuses_invalid_events(changes):
    schema = {"$ref": "#/components/schemas/Event"}

    _validator(schema).validate(event_fields())
    assert not _validator(schema).is_valid(event_fields(**changes))
