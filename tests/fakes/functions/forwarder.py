"""The function forward on fakes."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

from typing import Any

from backend.forward.forwarding import BatchOutcome, ForwardDependencies, forward_batch
from backend.forward.tracking_id import TrackingId
from tests.fakes.buckets import FakeS3
from tests.fakes.clock import FakeClock
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.faults import Faults, client_error
from tests.fakes.personalize import FakeTracker


class FakeParameters:
    """Systems Manager with one parameter, which does not exist while its value is None."""

    def __init__(self, value: str | None) -> None:
        self.value = value
        self.faults = Faults()

    def get_parameter(self, *, Name: str) -> dict[str, Any]:
        self.faults.happen()
        if self.value is None:
            raise client_error("ParameterNotFound", 400)
        return {"Parameter": {"Value": self.value}}


class Forwarder:
    """The fakes and the dependencies made of them."""

    def __init__(self) -> None:
        self.tracker = FakeTracker("tracker-1")
        self.dynamodb = FakeDynamoDB({"history": ("person", "moment")})
        self.s3 = FakeS3("bad")
        self.parameters = FakeParameters("tracker-1")
        self.clock = FakeClock()
        fakes: Any = self
        self.dependencies = ForwardDependencies(
            events=fakes.tracker,
            dynamodb=fakes.dynamodb,
            s3=fakes.s3,
            tracking_id=TrackingId(fakes.parameters, "/rivulet/local/tracking-id", self.clock),
            history_table="history",
            history_days=30,
            bad_rows_bucket="bad",
        )

    def forward(self, *records: dict[str, Any]) -> BatchOutcome:
        outcome = forward_batch(records, self.dependencies, self.clock.deadline(60))
        assert outcome.unaccounted == 0
        return outcome

    def forward_until_done(self, *records: dict[str, Any], attempts: int = 100) -> list[BatchOutcome]:
        """Redeliver from the first failed record on, as Lambda does after a partial batch response."""
        outcomes = []
        remaining = list(records)
        for _ in range(attempts):
            outcome = self.forward(*remaining)
            outcomes.append(outcome)
            if outcome.first_failed is None:
                return outcomes
            numbers = [record["kinesis"]["sequenceNumber"] for record in remaining]
            remaining = remaining[numbers.index(outcome.first_failed) :]
        raise AssertionError("never done")

    @property
    def received_ids(self) -> list[str]:
        return [event["eventId"] for event in self.tracker.received]

    @property
    def history(self) -> dict[tuple[str, ...], dict[str, Any]]:
        return self.dynamodb.items["history"]

    @property
    def bad_rows(self) -> list[dict[str, Any]]:
        return self.s3.json_lines("bad")
