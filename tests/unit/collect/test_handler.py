"""The Lambda entry: routes, statuses, metrics, and logs without data of users."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from backend.collect import handler as entry
from tests.factories.lambda_events import CONTEXT, proxy_event
from tests.factories.records import event_fields, event_json


@pytest.fixture
def handler(door, monkeypatch):
    dependencies = replace(door.dependencies, count=entry._count)
    monkeypatch.setattr(entry, "_dependencies", lambda: dependencies)
    return entry.handler


def test_a_request_is_answered_counted_and_not_logged(handler, door, capsys):
    event = json.loads(event_json(timestamp="2026-01-31T12:00:00Z", user_id="jane@example.org"))

    response = handler(proxy_event("POST", "/events", [event, {"user_id": "joe@example.org"}]), CONTEXT)

    assert response["statusCode"] == 202
    assert json.loads(response["body"])["accepted"] == 1
    written = capsys.readouterr()
    assert "example.org" not in written.out + written.err
    metrics = next(json.loads(line) for line in written.out.splitlines() if "_aws" in line)
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Rivulet"
    assert (metrics["received"], metrics["accepted"], metrics["bad"]) == ([2.0], [1.0], [1.0])
    assert metrics["bad_missing_field"] == [1.0]
    assert metrics["unaccounted"] == [0.0]


@pytest.mark.parametrize("producer", ["page", "server"])
def test_the_producer_is_who_the_authoriser_identified(handler, door, producer):
    # Given an event that claims to be from the other
    event = event_fields(producer="server" if producer == "page" else "page")
    context = {"requestContext": {"requestId": "request-1", "authorizer": {"producer": producer}}}

    handler(proxy_event("POST", "/events", event, **context), CONTEXT)

    assert [stored["producer"] for stored in door.stream_events()] == [producer]


def test_malformed_json_is_400_with_field_and_rule(handler):
    response = handler(proxy_event("POST", "/events", "{"), CONTEXT)

    assert response["statusCode"] == 400
    answer = json.loads(response["body"])
    assert answer["request_id"] == "request-1"
    assert (answer["error"]["code"], answer["error"]["field"]) == ("malformed_json", "body")
    assert answer["error"]["rule"]


def test_two_requests_with_one_request_id_overwrite_nothing_of_each_other(handler, door):
    for item in ("i-1", "i-2"):
        records = [{"item_id": item}, {"item_id": 3}]
        event = proxy_event("POST", "/update-data", {"kind": "items", "records": records})
        assert handler(event, CONTEXT)["statusCode"] == 202

    assert {row["item_id"] for row in door.s3.json_lines("lake")} == {"i-1", "i-2"}
    assert len(door.bad_rows()) == 2


def test_a_body_that_is_too_large_is_413(handler):
    response = handler(proxy_event("POST", "/events", "x" * 1_100_000), CONTEXT)

    assert response["statusCode"] == 413


def test_an_upload_is_processed_by_the_same_function(handler, door):
    door.s3.objects["uploads", "data"] = event_json()
    response = handler(
        proxy_event("POST", "/update-data", {"kind": "interactions", "source": "s3://uploads/data"}), CONTEXT
    )
    upload_id = json.loads(response["body"])["id"]

    # When the function is invoked with its own event
    assert handler(door.functions.invoked.pop(), CONTEXT) is None

    response = handler(proxy_event("GET", "/update-data/{id}", pathParameters={"id": upload_id}), CONTEXT)
    assert (response["statusCode"], json.loads(response["body"])["state"]) == (200, "SUCCEEDED")


def test_another_path_is_404(handler):
    assert handler(proxy_event("GET", "/orders"), CONTEXT)["statusCode"] == 404
