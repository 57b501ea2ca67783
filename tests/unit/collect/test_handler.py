"""The Lambda entry: routes, statuses, metrics, and logs that tell nothing of users."""

from __future__ import annotations

import importlib
import json
from types import SimpleNamespace

import pytest

from tests.factories.records import event_json

CONTEXT = SimpleNamespace(
    function_name="collect",
    memory_limit_in_mb=1024,
    invoked_function_arn="arn:aws:lambda:eu-central-1:000000000000:function:collect",
    aws_request_id="invocation-1",
    get_remaining_time_in_millis=lambda: 29_000,
)


@pytest.fixture
def handler(door, monkeypatch):
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Rivulet")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "collect")
    module = importlib.reload(importlib.import_module("backend.collect.handler"))
    door.services = module.Services(
        **{name: getattr(door.services, name) for name in door.services.__slots__ if name != "count"},
        count=module._count,
    )
    monkeypatch.setattr(module, "_services", lambda: door.services)
    return module.handler


def _proxy(body, resource="/events", method="POST", **path):
    return {
        "httpMethod": method,
        "resource": resource,
        "body": body,
        "isBase64Encoded": False,
        "headers": {"Content-Type": "application/json"},
        "pathParameters": path or None,
        "requestContext": {"requestId": "request-1"},
    }


def test_a_request_is_answered_counted_and_not_logged(handler, door, capsys):
    # Given
    event = json.loads(event_json(timestamp="2026-01-31T12:00:00Z", user_id="jane@example.org"))

    # When
    answered = handler(_proxy(json.dumps([event, {"user_id": "joe@example.org"}])), CONTEXT)

    # Then
    assert answered["statusCode"] == 202
    assert json.loads(answered["body"])["accepted"] == 1
    said = capsys.readouterr()
    assert "example.org" not in said.out + said.err
    metrics = next(json.loads(line) for line in said.out.splitlines() if "_aws" in line)
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Rivulet"
    assert (metrics["received"], metrics["accepted"], metrics["bad"]) == ([2.0], [1.0], [1.0])
    assert metrics["bad_missing_field"] == [1.0]
    assert metrics["unaccounted"] == [0.0]


def test_a_body_that_is_no_json_is_400_with_field_and_rule(handler):
    answered = handler(_proxy("{"), CONTEXT)

    assert answered["statusCode"] == 400
    said = json.loads(answered["body"])
    assert said["request_id"] == "request-1"
    assert (said["error"]["code"], said["error"]["field"]) == ("malformed_json", "body")
    assert said["error"]["rule"]


def test_a_body_that_is_too_large_is_413(handler):
    answered = handler(_proxy("x" * 1_100_000), CONTEXT)

    assert answered["statusCode"] == 413


def test_an_upload_is_worked_off_by_the_same_function(handler, door):
    # Given
    door.s3.objects["uploads", "data"] = event_json()
    answered = handler(
        _proxy(json.dumps({"kind": "interactions", "source": "s3://uploads/data"}), "/update-data"), CONTEXT
    )
    upload_id = json.loads(answered["body"])["id"]

    # When the function is called with what it called itself with
    assert handler(door.functions.invoked.pop(), CONTEXT) is None

    # Then
    answered = handler(_proxy(None, "/update-data/{id}", "GET", id=upload_id), CONTEXT)
    assert (answered["statusCode"], json.loads(answered["body"])["state"]) == (200, "SUCCEEDED")


def test_another_path_is_404(handler):
    assert handler(_proxy(None, "/orders", "GET"), CONTEXT)["statusCode"] == 404
