"""What the front door answers is what the OpenAPI document says."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from backend.collect.events import post_events
from backend.collect.update_data import post_update_data
from backend.collect.upload import get_upload
from backend.contract import generate
from tests.factories.records import NOW, event_fields, item_fields
from tests.fakes.faults import server_error
from tests.unit.collect.conftest import request

DOCUMENT = json.loads((Path(generate.ROOT) / "backend/contract/generated/openapi.json").read_text())


def _check(answered, route):
    method, path = route.split()
    described = DOCUMENT["paths"][path][method.lower()]["responses"][str(answered["statusCode"])]
    schema = {**described["content"]["application/json"]["schema"], "components": DOCUMENT["components"]}
    said = json.loads(answered["body"])
    jsonschema.Draft202012Validator(schema).validate(said)
    return said


@pytest.mark.parametrize(
    "events", [[event_fields(), event_fields(user_id=3), event_fields(consent="denied")], [event_fields(user_id=3)]]
)
def test_verdicts(door, events):
    _check(post_events(request(json.dumps(events).encode()), door.services, door.patience(), NOW), "POST /events")


def test_verdicts_to_come_again(door):
    door.kinesis.faults.always(server_error())

    _check(
        post_events(request(json.dumps(event_fields()).encode()), door.services, door.patience(), NOW), "POST /events"
    )


def test_bulk_and_uploads(door):
    # Given
    door.s3.objects["uploads", "a"] = b"{}"

    # When
    for body in ({"kind": "items", "records": [item_fields(), {}]}, {"kind": "items", "source": "s3://uploads/a"}):
        answered = post_update_data(request(json.dumps(body).encode()), door.services, door.patience(), NOW)
        said = _check(answered, "POST /update-data")

    # Then
    _check(get_upload(request(b"", id=said["id"]), door.services), "GET /update-data/{id}")
