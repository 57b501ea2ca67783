"""What boto3 makes of the forwarder's calls: its own checks pass, and the wire says what was meant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.forward.forwarding import Services, forward
from backend.forward.patience import Patience
from backend.forward.tracking_id import TrackingId
from tests.fakes.wire import Wire
from tests.unit.forward.world import event, record


@pytest.fixture(scope="module")
def sent() -> dict[str, Any]:
    wire = Wire(
        GetParameter={"Parameter": {"Name": "p", "Value": "tracker-1", "Type": "String"}},
        BatchWriteItem={"UnprocessedItems": {}},
    )
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
                "properties": '{"isNew":true}',
            }
        ],
    }


def test_history(sent):
    [write] = json.loads(sent["BatchWriteItem"])["RequestItems"]["history"]
    assert write["PutRequest"]["Item"]["moment"] == {"S": "1769860800000#e-0"}


def test_bad_rows(sent):
    assert b'"source":"forward"' in sent["PutObject"]
