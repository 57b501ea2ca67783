"""The front door's answers fit the OpenAPI document."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from backend.collect.events import post_events
from backend.collect.update_data import post_update_data
from backend.contract import generate
from backend.upload.requests import get_upload
from tests.factories.records import NOW, event_fields, item_fields
from tests.fakes.faults import server_error
from tests.fakes.functions.front_door import request

DOCUMENT = json.loads((Path(generate.ROOT) / "backend/contract/generated/openapi.json").read_text())


def _check(answered, route):
    method, path = route.split()
    described = DOCUMENT["paths"][path][method.lower()]["responses"][str(answered["statusCode"])]
    schema = {**described["content"]["application/json"]["schema"], "components": DOCUMENT["components"]}
    body = json.loads(answered["body"])
    jsonschema.Draft202012Validator(schema).validate(body)
    return body


@pytest.mark.parametrize(
    "events", [[event_fields(), event_fields(user_id=3), event_fields(consent="denied")], [event_fields(user_id=3)]]
)
def test_verdicts(door, events):
    _check(post_events(request(json.dumps(events).encode()), door.submission()), "POST /events")


def test_verdicts_to_retry(door):
    door.kinesis.faults.always(server_error())

    _check(post_events(request(json.dumps(event_fields()).encode()), door.submission()), "POST /events")


def test_bulk_and_uploads(door):
    door.s3.objects["uploads", "a"] = b"{}"

    for body in ({"kind": "items", "records": [item_fields(), {}]}, {"kind": "items", "source": "s3://uploads/a"}):
        answered = post_update_data(request(json.dumps(body).encode()), door.submission())
        started = _check(answered, "POST /update-data")

    _check(get_upload(request(b"", id=started["id"]), door.uploads, NOW), "GET /update-data/{id}")
