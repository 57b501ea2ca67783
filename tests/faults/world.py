"""The pipeline in one process, on fakes and a simulated clock: producers, collect, the stream with shards, forward."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from backend.aws.queued_rows import put_queued_rows
from backend.collect.events import post_events
from backend.collect.submission import CollectDependencies, Submission
from backend.forward.control import Control
from backend.forward.forwarding import ForwardDependencies, forward_batch
from backend.forward.tracking_id import TrackingId
from backend.http import BadRequestError, Request
from backend.upload.report import UploadDependencies
from tests.factories.lambda_events import ARRIVED_AT
from tests.fakes.buckets import FakeS3
from tests.fakes.clock import FakeClock
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.faults import Faults, KilledError, Steps
from tests.fakes.functions.forwarder import FakeParameters
from tests.fakes.functions.front_door import FakeLambda
from tests.fakes.functions.pool import SimulatedPool
from tests.fakes.functions.queue import FakeQueue
from tests.fakes.kinesis import FakeKinesis
from tests.fakes.personalize import FakeTracker

REQUEST_SECONDS = 5.0
FORWARD_SECONDS = 58.5
PRODUCER_ATTEMPTS = 2000
PRODUCER_PAUSE_SECONDS = 5.0

HASHES = 2**128


@dataclass
class StreamRecord:
    """A record of the stream."""

    sequence: str
    key: str
    data: bytes
    arrived: float


@dataclass
class Shard:
    """A range of the hashes of partition keys, and its records in order; a split shard has children, read after it."""

    start: int = 0
    end: int = HASHES
    records: list[StreamRecord] = field(default_factory=list)
    children: tuple[Shard, ...] = ()


class ShardedStream(FakeKinesis):
    """Kinesis with shards."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self.roots = [Shard()]
        self._count = 0

    @property
    def shards(self) -> list[Shard]:
        """Return every shard, a parent before its children."""
        found, pending = [], list(self.roots)
        while pending:
            shard = pending.pop(0)
            found.append(shard)
            pending += shard.children
        return found

    def split(self) -> None:
        """Split every open shard in the middle of its range."""
        for shard in [shard for shard in self.shards if not shard.children]:
            middle = (shard.start + shard.end) // 2
            shard.children = (Shard(shard.start, middle), Shard(middle, shard.end))

    def append(self, key: str, data: bytes) -> str:
        """Add a record to the shard of its key, and return its sequence number."""
        position = int.from_bytes(hashlib.md5(key.encode()).digest())
        shard = next(each for each in self.shards if not each.children and each.start <= position < each.end)
        self._count += 1
        sequence = f"{self._count:056d}"
        shard.records.append(StreamRecord(sequence, key, data, ARRIVED_AT.timestamp() + self._clock.now))
        return sequence

    def _put(self, record: dict[str, Any], code: str | None) -> dict[str, Any]:
        answer = super()._put(record, code)
        if "ErrorCode" not in answer:
            answer["SequenceNumber"] = self.append(record["PartitionKey"], bytes(record["Data"]))
        return answer


class World:
    """The fakes, the functions on them, and what was counted; each call to a fake is a numbered step."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.steps = Steps()
        self.stream = ShardedStream(self.clock)
        self.s3 = FakeS3("bad-rows", "lake", "uploads")
        self.dynamodb = FakeDynamoDB({"history": ("person", "moment"), "entities": ("entity",)})
        self.tracker = FakeTracker("tracker-1")
        self.parameters = FakeParameters("tracker-1")
        self.queue = FakeQueue()
        for fake in (self.stream, self.tracker, self.parameters, self.queue):
            fake.faults = Faults(self.steps)
        for named in (self.s3, self.dynamodb):
            named.faults = defaultdict(lambda: Faults(self.steps))
        self.counts: dict[str, Counter[str]] = {"collect": Counter(), "forward": Counter(), "lake": Counter()}
        self.requests = 0
        # Event id and status of each event that a producer was answered.
        self.answered: list[tuple[str, str]] = []
        fakes: Any = self
        self.collecting = CollectDependencies(
            kinesis=fakes.stream,
            s3=fakes.s3,
            dynamodb=fakes.dynamodb,
            stream="events",
            sqs=fakes.queue,
            bad_rows_bucket="bad-rows",
            bad_rows_queue=self.queue.url,
            lake_bucket="lake",
            entities_table="entities",
            user_days=730,
            uploads=UploadDependencies(fakes.s3, fakes.functions_of_lambda(), "uploads", "collect"),
            count=self._count,
        )
        self.forwarding = ForwardDependencies(
            events=fakes.tracker,
            dynamodb=fakes.dynamodb,
            s3=fakes.s3,
            tracking_id=TrackingId(fakes.parameters, "tracking-id", self.clock),
            history_table="history",
            history_days=30,
            bad_rows_bucket="bad-rows",
            control=Control(self.now),
            pool=lambda: SimulatedPool(self.clock),
            now=self.now,
        )

    @staticmethod
    def functions_of_lambda() -> FakeLambda:
        return FakeLambda()

    def now(self) -> float:
        return ARRIVED_AT.timestamp() + self.clock.now

    def restart_forward(self) -> None:
        """Replace forward's execution environment: what it remembers is gone."""
        fakes: Any = self
        self.forwarding = replace(
            self.forwarding,
            control=Control(self.now),
            tracking_id=TrackingId(fakes.parameters, "tracking-id", self.clock),
        )

    def post(self, *bodies: Any) -> None:
        """Send a request as a producer does: again, after a pause, until each of its events has a final status."""
        pending = list(bodies)
        for _ in range(PRODUCER_ATTEMPTS):
            answered = self._request(json.dumps(pending).encode())
            if answered is not None:
                pending = [pending[each["index"]] for each in answered if each["status"] == "retry"]
                if not pending:
                    return
            self.clock.now += PRODUCER_PAUSE_SECONDS
        raise AssertionError("a producer is never answered")

    def post_body(self, body: bytes) -> None:
        """Send a body that may be refused as a whole."""
        for _ in range(PRODUCER_ATTEMPTS):
            if self._request(body) is not None:
                return
            self.clock.now += PRODUCER_PAUSE_SECONDS
        raise AssertionError("a producer is never answered")

    def _request(self, body: bytes) -> list[dict[str, Any]] | None:
        self.requests += 1
        request = Request("POST", "/events", {}, {}, {}, body, "id-of-the-caller")
        moment = datetime.fromtimestamp(self.now(), UTC)
        deadline = self.clock.deadline(REQUEST_SECONDS)
        submission = Submission(self.collecting, deadline, f"request-{self.requests}", moment)
        try:
            answer = json.loads(post_events(request, submission)["body"])
        except BadRequestError:
            return []
        except KilledError:
            return None
        verdicts: list[dict[str, Any]] = answer["events"]
        self.answered += [(each["event_id"], each["status"]) for each in verdicts if "event_id" in each]
        return verdicts

    def forward(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        """Invoke forward; the answer is that of its handler."""
        outcome = forward_batch(records, self.forwarding, self.clock.deadline(FORWARD_SECONDS))
        counts = self.counts["forward"]
        counts["invocations"] += 1
        for name in ("received", "forwarded", "retried", "bad", "unaccounted", "calls"):
            counts[name] += getattr(outcome, name)
        failures = [] if outcome.first_failed is None else [{"itemIdentifier": outcome.first_failed}]
        return {"batchItemFailures": failures}

    def drain_queue(self) -> None:
        """Deliver the messages of the queue to collect once."""
        if not self.queue.messages:
            return
        try:
            failed = put_queued_rows(self.queue.event()["Records"], self.collecting.s3, "bad-rows")
        except KilledError:
            return
        self.queue.finish({"batchItemFailures": [{"itemIdentifier": each} for each in failed]})

    def _count(self, name: str, by: int) -> None:
        self.counts["collect"][name] += by
