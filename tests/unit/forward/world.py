"""The forwarder among its fakes, and events and records that differ in one thing from a good one."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.contract import pack
from backend.forward.forwarding import Outcome, Services, forward
from backend.forward.patience import Patience
from backend.forward.tracking_id import TrackingId
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.faults import Faults, client_error
from tests.fakes.personalize import FakeTracker

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
ARRIVED = START + timedelta(hours=1)


def event(number: int = 0, **differences: Any) -> dict[str, Any]:
    """One event, `number` seconds after the first."""
    fields = {
        "event_id": f"e-{number}",
        "event_type": "View",
        "timestamp": (START + timedelta(seconds=number)).isoformat(),
        "user_id": "ann",
        "session_id": "s-1",
        "item_id": "mug",
    } | differences
    return {name: value for name, value in fields.items() if value is not None}


def data_of(said: Any) -> bytes:
    return said if isinstance(said, bytes) else json.dumps(said).encode()


def record(number: int, *said: Any, aggregated: bool | None = None) -> dict[str, Any]:
    """One Kinesis record of one event, or of several in an aggregate."""
    payloads = [data_of(one) for one in said]
    data = pack([("key", payload) for payload in payloads]) if aggregated or len(payloads) > 1 else payloads[0]
    return {
        "eventSource": "aws:kinesis",
        "kinesis": {
            "sequenceNumber": f"{number:056d}",
            "partitionKey": "key",
            "approximateArrivalTimestamp": ARRIVED.timestamp(),
            "data": base64.b64encode(data).decode(),
        },
    }


class FakeS3:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.faults = Faults()

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> dict[str, Any]:  # noqa: N803
        self.faults.happen()
        self.objects[f"{Bucket}/{Key}"] = Body
        return {}

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for body in self.objects.values() for line in body.splitlines()]


class FakeParameters:
    def __init__(self, value: str | None) -> None:
        self.value = value
        self.faults = Faults()

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803
        self.faults.happen()
        if self.value is None:
            raise client_error("ParameterNotFound", 400)
        return {"Parameter": {"Value": self.value}}


class World:
    def __init__(self) -> None:
        self.tracker = FakeTracker("tracker-1")
        self.dynamodb = FakeDynamoDB({"history": ("person", "moment")})
        self.s3 = FakeS3()
        self.parameters = FakeParameters("tracker-1")
        self.now = 0.0
        self.slept: list[float] = []
        fakes: Any = self
        self.services = Services(
            events=fakes.tracker,
            dynamodb=fakes.dynamodb,
            s3=fakes.s3,
            tracking_id=TrackingId(fakes.parameters, "/rivulet/local/tracking-id", lambda: self.now),
            history_table="history",
            history_days=30,
            bad_rows_bucket="bad",
        )

    def forward(self, *records: dict[str, Any]) -> Outcome:
        patience = Patience(deadline=self.now + 60, clock=lambda: self.now, sleep=self.slept.append)
        outcome = forward(records, self.services, patience)
        assert outcome.unaccounted == 0
        return outcome

    def forward_until_done(self, *records: dict[str, Any], most: int = 100) -> list[Outcome]:
        """Deliver again from the first failed record on, as Lambda does with a partial batch response."""
        outcomes = []
        left = list(records)
        for _ in range(most):
            outcome = self.forward(*left)
            outcomes.append(outcome)
            if outcome.first_failed is None:
                return outcomes
            numbers = [one["kinesis"]["sequenceNumber"] for one in left]
            left = left[numbers.index(outcome.first_failed) :]
        raise AssertionError("never done")

    @property
    def received_ids(self) -> list[str]:
        return [one["eventId"] for one in self.tracker.received]

    @property
    def history(self) -> dict[tuple[str, ...], dict[str, Any]]:
        return self.dynamodb.items["history"]
