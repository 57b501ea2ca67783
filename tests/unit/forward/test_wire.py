"""What boto3 makes of the forwarder's calls: its own checks pass, and the wire says what was meant."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from backend.forward.forwarding import Services, forward
from backend.forward.patience import Patience
from backend.forward.tracking_id import TrackingId
from tests.unit.forward.world import event, record


class Raw:
    """A response body as the HTTP library hands it over."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_: Any) -> Any:
        yield self.body


class Wire:
    """Answers every request without sending it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def client(self, service: str) -> Any:
        make: Any = boto3.client
        client = make(service, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test")
        client.meta.events.register("before-send", self.answer)
        return client

    def answer(self, request: Any, event_name: str, **_: Any) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        body = request.body.read() if hasattr(request.body, "read") else request.body
        self.sent.append((operation, body))
        answers: dict[str, Any] = {
            "GetParameter": {"Parameter": {"Name": "p", "Value": "tracker-1", "Type": "String"}},
            "BatchWriteItem": {"UnprocessedItems": {}},
        }
        said = json.dumps(answers[operation]).encode() if operation in answers else b""
        return AWSResponse(request.url, 200, {"Content-Length": str(len(said))}, Raw(said))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def sent() -> dict[str, Any]:
    wire = Wire()
    services = Services(
        events=wire.client("personalize-events"),
        dynamodb=wire.client("dynamodb"),
        s3=wire.client("s3"),
        tracking_id=TrackingId(wire.client("ssm"), "p", lambda: 0.0),
        history_table="history",
        history_days=30,
        bad_rows_bucket="bad",
    )
    full = event(0, event_value=2, recommendation_id="RID-1", impression=["mug", "cup"], properties={"is_new": True})
    outcome = forward([record(0, full, b"{")], services, Patience(deadline=1.0, clock=lambda: 0.0))
    assert (outcome.forwarded, outcome.bad, outcome.unaccounted) == (1, 1, 0)
    return dict(wire.sent)


def test_put_events(sent):
    assert json.loads(sent["PutEvents"]) == {
        "trackingId": "tracker-1",
        "userId": "ann",
        "sessionId": "s-1",
        "eventList": [
            {
                "eventId": "e-0",
                "eventType": "View",
                "sentAt": 1769860800,
                "itemId": "mug",
                "eventValue": 2.0,
                "recommendationId": "RID-1",
                "impression": ["mug", "cup"],
                "properties": '{"isNew":true}',
            }
        ],
    }


def test_history(sent):
    [write] = json.loads(sent["BatchWriteItem"])["RequestItems"]["history"]
    assert write["PutRequest"]["Item"]["moment"] == {"S": "1769860800000#e-0"}


def test_bad_rows(sent):
    assert b'"source":"forward"' in sent["PutObject"]
