"""The logs of serving have neither ids nor payloads, whatever fails."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from backend.recommend import handler as entry
from tests.factories.lambda_events import proxy_event
from tests.fakes.faults import client_error
from tests.fakes.functions.serving import Serving

SECRET = "jane-4711"
QUOTING = f"Invalid value: {SECRET}"
FAILURES = [client_error("ValidationException", 400, message=QUOTING), KeyError(SECRET), ValueError(QUOTING)]
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/recommendations/{user_id}", {"pathParameters": {"user_id": SECRET}}),
    ("GET", "/similar-items/{item_id}", {"pathParameters": {"item_id": SECRET}}),
    ("POST", "/rerank", {"body": json.dumps({"user_id": SECRET, "items": [SECRET, "mug"]})}),
    ("POST", "/rerank", {"body": f'{{"user_id": "{SECRET}", "items": ["{SECRET}"'}),
    ("POST", "/recommendations", {"body": json.dumps({"items": [SECRET, "a", "b", "c", "d"]})}),
    ("POST", "/recommendations", {"body": json.dumps({"facts": {"city": SECRET, "interests": [SECRET]}})}),
    (
        "POST",
        "/recommendations",
        {"body": json.dumps({"facts": {"city": SECRET}}), "multiValueQueryStringParameters": {"async": ["true"]}},
    ),
    ("GET", "/executions/{id}", {"pathParameters": {"id": SECRET}}),
    ("GET", f"/{SECRET}", {}),
]


@pytest.mark.parametrize("failure", [None, *FAILURES], ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize(
    "place",
    ["batch_get_item", "query", "put_item", "runtime", "parameters", "firehose", "objects", "states", "everywhere"],
)
def test_no_id_and_no_payload_is_logged(monkeypatch, caplog, capsys, place, failure):
    serving = Serving()
    serving.deploy("recommendations", "v1")
    faults = {name: serving.dynamodb.faults[name] for name in ("batch_get_item", "query", "put_item")}
    faults |= {"runtime": serving.runtime.faults, "parameters": serving.parameters.faults}
    faults |= {"firehose": serving.firehose.faults, "objects": serving.objects.faults}
    faults |= {"states": serving.states.faults["start_execution"]}
    for name, each in faults.items():
        if place in (name, "everywhere"):
            each.always(failure)
    monkeypatch.setattr(entry, "_dependencies", lambda: serving.dependencies)
    monkeypatch.setattr(entry, "_workflow", lambda: serving.workflow)
    caplog.set_level(logging.DEBUG)

    for method, resource, changes in REQUESTS:
        answered = entry.handler(proxy_event(method, resource, **changes), None)
        assert answered["statusCode"] != 500

    written = capsys.readouterr()
    assert SECRET not in caplog.text + written.out + written.err


def test_an_unexpected_error_is_logged_by_its_type_and_place(monkeypatch, caplog):
    found: dict[str, str] = {}

    def fail() -> None:
        try:
            found[SECRET]
        except KeyError:
            raise ValueError(QUOTING) from None

    monkeypatch.setattr(entry, "_dependencies", fail)
    answered = entry.handler(proxy_event("GET", "/popular"), None)
    assert answered["statusCode"] == 500
    assert SECRET not in caplog.text
    assert "ValueError < " in caplog.text
    assert "KeyError < " in caplog.text
    assert "test_logs.py:" in caplog.text
