"""The function forward on fakes."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

from typing import Any

from backend.forward.control import Control
from backend.forward.forwarding import BatchOutcome, ForwardDependencies, forward_batch
from backend.forward.history import CONTROL_PREFIX, REFUSED_PREFIX
from backend.forward.tracking_id import TrackingId
from tests.factories.lambda_events import ARRIVED_AT, kinesis_record
from tests.factories.records import START, numbered_event
from tests.fakes.buckets import FakeS3
from tests.fakes.clock import FakeClock
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.faults import Faults, client_error, played
from tests.fakes.functions.pool import SimulatedPool
from tests.fakes.personalize import FakeTracker


class FakeParameters:
    """Systems Manager with one parameter, which does not exist while its value is None."""

    def __init__(self, value: str | None) -> None:
        self.value = value
        self.faults = Faults()

    @played
    def get_parameter(self, *, Name: str) -> dict[str, Any]:
        if self.value is None:
            raise client_error("ParameterNotFound", 400)
        return {"Parameter": {"Value": self.value}}


class Forwarder:
    """The fakes and the dependencies made of them; records arrive at the clock's zero."""

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
            control=Control(self.now),
            pool=lambda: SimulatedPool(self.clock),
            now=self.now,
        )

    def now(self) -> float:
        return ARRIVED_AT.timestamp() + self.clock.now

    def slow_down(self, seconds: float) -> None:
        """Let every call to the tracker take this long."""

        def wait() -> None:
            self.clock.now += seconds

        self.tracker.before_each = wait

    def forward_control(self) -> None:
        """Forward an event, so that the tracker is known to have accepted one, and forget it."""
        self.forward(kinesis_record(999, numbered_event(999, event_id="control", user_id="control")))
        self.tracker.calls.clear()
        del self.dynamodb.items["history"]["control", f"{round((START.timestamp() + 999) * 1000)}#control"]

    def forward(self, *records: dict[str, Any], seconds: float = 60) -> BatchOutcome:
        outcome = forward_batch(records, self.dependencies, self.clock.deadline(seconds))
        assert outcome.unaccounted == 0
        return outcome

    def forward_until_done(
        self, *records: dict[str, Any], attempts: int = 100, pause: float = 0, seconds: float = 60
    ) -> list[BatchOutcome]:
        """Redeliver from the first failed record on, as Lambda does after a partial batch response.

        An invocation has `seconds`, and `pause` of them pass before the next one.
        """
        outcomes = []
        remaining = list(records)
        for _ in range(attempts):
            outcome = self.forward(*remaining, seconds=seconds)
            outcomes.append(outcome)
            if outcome.first_failed is None:
                return outcomes
            numbers = [record["kinesis"]["sequenceNumber"] for record in remaining]
            self.clock.now += pause
            remaining = remaining[numbers.index(outcome.first_failed) :]
        raise AssertionError("never done")

    @property
    def received_ids(self) -> list[str]:
        return [event["eventId"] for event in self.tracker.received if event["eventId"] != "control"]

    @property
    def history(self) -> dict[tuple[str, ...], dict[str, Any]]:
        """Return the items of users."""
        items = self.dynamodb.items["history"].items()
        return {key: item for key, item in items if not key[0].startswith((REFUSED_PREFIX, CONTROL_PREFIX))}

    @property
    def bad_rows(self) -> list[dict[str, Any]]:
        return self.s3.json_lines("bad")
