"""The forwarder's requests as boto3 sends them: valid for boto3, and right on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.forward.forwarding import ForwardDependencies, forward_batch
from backend.forward.tracking_id import TrackingId
from tests.factories.lambda_events import kinesis_record
from tests.factories.records import numbered_event
from tests.fakes.clock import FakeClock
from tests.fakes.wire import Wire


@pytest.fixture(scope="module")
def sent() -> dict[str, Any]:
    wire = Wire(
        GetParameter={"Parameter": {"Name": "p", "Value": "tracker-1", "Type": "String"}},
        BatchGetItem={"Responses": {"history": []}, "UnprocessedKeys": {}},
        BatchWriteItem={"UnprocessedItems": {}},
    )
    dependencies = ForwardDependencies(
        events=wire.client("personalize-events"),
        dynamodb=wire.client("dynamodb"),
        s3=wire.client("s3"),
        tracking_id=TrackingId(wire.client("ssm"), "p", lambda: 0.0),
        history_table="history",
        history_days=30,
        bad_rows_bucket="bad",
    )
    full = numbered_event(
        0,
        event_value=2,
        recommendation_id="RID-1",
        impression=["mug", "cup"],
        properties={"is_new": True},
        device="phone",
    )
    outcome = forward_batch([kinesis_record(0, full, b"}")], dependencies, FakeClock().deadline(60))
    assert (outcome.forwarded, outcome.bad, outcome.unaccounted) == (1, 1, 0)
    bodies = [body for operation, body in wire.sent if operation == "BatchWriteItem"]
    [control] = [body for body in bodies if b"control#" in body]
    [history] = [body for body in bodies if body != control]
    return {**dict(wire.sent), "Control": control, "BatchWriteItem": history}


def test_put_events(sent):
    assert json.loads(sent["PutEvents"]) == {
        "trackingId": "tracker-1",
        "userId": "ann",
        "sessionId": "session#s-1",
        "eventList": [
            {
                "eventId": "e-0",
                "eventType": "View",
                "sentAt": 1769860800,
                "itemId": "mug",
                "eventValue": 2.0,
                "recommendationId": "RID-1",
                "impression": ["mug", "cup"],
                "properties": '{"device":"phone","hour":"12"}',
            }
        ],
    }


def test_history(sent):
    [write] = json.loads(sent["BatchWriteItem"])["RequestItems"]["history"]
    assert write["PutRequest"]["Item"]["moment"] == {"S": "1769860800000#e-0"}


def test_the_look_up_of_an_earlier_delivery(sent):
    asked = json.loads(sent["BatchGetItem"])["RequestItems"]["history"]
    assert asked["Keys"][0] == {"person": {"S": "ann"}, "moment": {"S": "1769860800000#e-0"}}


def test_the_control_can_be_sent_again(sent):
    [write] = json.loads(sent["Control"])["RequestItems"]["history"]
    wire = Wire()
    call = json.loads(write["PutRequest"]["Item"]["call"]["S"])
    wire.client("personalize-events").put_events(trackingId="tracker-1", **call)
    [(_, body)] = wire.sent
    assert json.loads(body) == json.loads(sent["PutEvents"])


def test_bad_rows(sent):
    assert b'"source":"forward"' in sent["PutObject"]
