"""The front door's work on a request of ten events, beside pydantic and untyped JSON on the same bodies.

Everything runs in this process, in turns, and is timed by CPU; the rates are those of the median round. A request of
the whole door ends where the network to Kinesis would begin.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import msgspec
from aws_kinesis_agg.aggregator import RecordAggregator
from pydantic import BaseModel, ConfigDict, Field

from backend.aws.deadline import Deadline
from backend.collect.events import post_events
from backend.collect.submission import CollectDependencies, Submission
from backend.collect.verdicts import RecordVerdict
from backend.contract import Event, read_events
from backend.contract.instants import to_milliseconds
from backend.contract.limits import MAX_CLOCK_AHEAD
from backend.contract.models import Event as EventModel
from backend.contract.rules.event_types import EventType  # noqa: TC001 - pydantic needs its fields' types
from backend.http import Request
from backend.upload.report import UploadDependencies

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 7
ROUNDS = 7
BATCHES = 1000
EVENTS_PER_BATCH = 10
EVENT_BYTES = 600
PEER = "peer: pydantic model_validate_json per event, plain fields"
DOOR = "POST /events, all but the network"
AGGREGATING = "peer: pydantic, json and aws-kinesis-agg do the whole POST"
HAND_WRITTEN = "peer: msgspec by hand does the whole POST, without aggregates"
NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def run() -> list[dict[str, Any]]:
    """Measure events per CPU-second; return the rows of the table."""
    good = make_bodies(bad_share=0.0)
    mixed = make_bodies(bad_share=0.01)
    contenders: dict[str, Callable[[], int]] = {
        "read_events": lambda: _read(good),
        "read_events, 1 % bad": lambda: _read(mixed),
        DOOR: lambda: _post(good),
        "POST /events, all but the network, 1 % bad": lambda: _post(mixed),
        AGGREGATING: lambda: _post_aggregating(good),
        HAND_WRITTEN: lambda: _post_by_hand(good),
        PEER: lambda: _pydantic(good, Plain),
        "pydantic model_validate_json per event, the contract's models": lambda: _pydantic(good, EventModel),
        "floor: json.loads, nothing checked": lambda: _loads(good),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            started = time.process_time()
            events = contender()
            seconds[name].append(time.process_time() - started)
            if events != BATCHES * EVENTS_PER_BATCH:
                raise AssertionError(f"{name} took {events} events of {BATCHES * EVENTS_PER_BATCH}")
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    whole = {AGGREGATING: "times the aggregating peer", HAND_WRITTEN: "times the one by hand"}
    return [
        {
            "what": name,
            "events per CPU-second": round(BATCHES * EVENTS_PER_BATCH / median),
            "times the peer": round(medians[PEER] / median, 1),
            **{column: round(medians[peer] / median, 2) if name == DOOR else "" for peer, column in whole.items()},
        }
        for name, median in medians.items()
    ]


def make_bodies(bad_share: float) -> list[bytes]:
    """Make requests of ten events of a session, each of about 600 bytes, some of them broken."""
    draw = random.Random(SEED)
    bodies = []
    for batch in range(BATCHES):
        events = [_event(draw, f"u-{batch}", number) for number in range(EVENTS_PER_BATCH)]
        for event in events:
            if draw.random() < bad_share:
                event["event_value"] = "much"
        bodies.append(json.dumps(events, separators=(",", ":")).encode())
    return bodies


def _event(draw: random.Random, user_id: str, number: int) -> dict[str, Any]:
    event: dict[str, Any] = {
        "event_id": f"{draw.getrandbits(128):032x}",
        "user_id": user_id,
        "session_id": f"s-{draw.getrandbits(64):016x}",
        "item_id": f"i-{draw.randrange(10_000)}",
        "timestamp": (NOW - timedelta(seconds=900 - number)).isoformat(timespec="milliseconds"),
        "event_type": draw.choice(["View", "Click", "AddToCart", "Purchase"]),
        "event_value": round(draw.uniform(1, 200), 2),
        "impression": [f"i-{draw.randrange(10_000)}" for _ in range(10)],
        "recommendation_id": f"RID-{draw.getrandbits(64):016x}",
        "properties": {"device": "phone", "position": number, "new": False, "page": "/"},
        "schema_version": "1",
    }
    event["properties"]["page"] += "p" * (EVENT_BYTES - len(json.dumps(event, separators=(",", ":"))))
    return event


def _read(bodies: list[bytes]) -> int:
    return sum(len(read_events(body, now=NOW)) for body in bodies)


def _post(bodies: list[bytes]) -> int:
    counts: Counter[str] = Counter()
    dependencies = _dependencies(counts)
    for body in bodies:
        request = Request("POST", "/events", {}, {}, {}, body, "request")
        post_events(request, Submission(dependencies, Deadline.after(5), "request", NOW))
    return counts["accepted"] + counts["bad"]


class Plain(BaseModel):
    """The event's fields and bounds as pydantic checks them by itself, without the rules that Python must check."""

    model_config = ConfigDict(extra="forbid")

    event_id: Annotated[str, Field(max_length=256)] | None = None
    user_id: Annotated[str, Field(max_length=256)] | None = None
    session_id: Annotated[str, Field(max_length=256)] | None = None
    item_id: Annotated[str, Field(max_length=256)] | None = None
    timestamp: datetime
    event_type: EventType
    event_value: float | None = None
    impression: Annotated[list[Annotated[str, Field(max_length=256)]], Field(max_length=25)] | None = None
    recommendation_id: Annotated[str, Field(max_length=40)] | None = None
    properties: dict[str, str | int | float | bool | None] | None = None
    schema_version: str = "1"


def _pydantic(bodies: list[bytes], model: type[BaseModel]) -> int:
    split = msgspec.json.Decoder(list[msgspec.Raw]).decode
    context = {"now": NOW}
    return sum(
        isinstance(model.model_validate_json(bytes(event), context=context), model)
        for body in bodies
        for event in split(body)
    )


def _post_aggregating(bodies: list[bytes]) -> int:
    """Validate, give each event its id and arrival, aggregate by user, put, and answer with verdicts."""
    client, count = _AcceptingClient(), 0
    for body in bodies:
        aggregator, records, verdicts = RecordAggregator(), [], []
        for number, fields in enumerate(json.loads(body)):
            event = Plain.model_validate(fields)
            event_id = event.event_id or uuid4().hex
            line = {**event.model_dump(mode="json", exclude_none=True), "event_id": event_id, "received_at": str(NOW)}
            if full := aggregator.add_user_record(event.user_id or "", json.dumps(line).encode()):
                records.append(full.get_contents())
            verdicts.append({"index": number, "status": "accepted", "event_id": event_id})
        records.append(aggregator.clear_and_get().get_contents())
        client.put_records(Records=[{"PartitionKey": key, "Data": data} for key, _, data in records])
        count += len(verdicts) if json.dumps({"events": verdicts}) else 0
    return count


def _post_by_hand(bodies: list[bytes]) -> int:
    """Do the same with msgspec, with the checks but those of texts and repeated fields; a record for each event."""
    client, count = _AcceptingClient(), 0
    decode = msgspec.json.Decoder(list[Event]).decode
    encode = msgspec.json.Encoder().encode
    for body in bodies:
        records, verdicts = [], []
        for number, event in enumerate(decode(body)):
            is_known = event.user_id is not None or event.session_id is not None
            if not is_known or event.timestamp > NOW + MAX_CLOCK_AHEAD or len(encode(event.properties)) > 1024:
                raise AssertionError("the events of this bench are valid")
            event.event_id = event.event_id or uuid4().hex
            event.timestamp, event.received_at = to_milliseconds(event.timestamp), NOW
            records.append({"PartitionKey": event.user_id, "Data": encode(event)})
            verdicts.append(RecordVerdict(number, "accepted", event_id=event.event_id))
        client.put_records(Records=records)
        count += len(verdicts) if encode({"events": verdicts}).decode() else 0
    return count


def _loads(bodies: list[bytes]) -> int:
    return sum(len(json.loads(body)) for body in bodies)


class _AcceptingClient:
    """Kinesis and S3 that accept every call at once."""

    def put_records(self, **call: Any) -> dict[str, Any]:
        return {"FailedRecordCount": 0, "Records": [{"SequenceNumber": "1", "ShardId": "0"}] * len(call["Records"])}

    def put_object(self, **_: Any) -> dict[str, Any]:
        return {"ETag": "0"}


def _dependencies(counts: Counter[str]) -> CollectDependencies:
    def count(name: str, by: int) -> None:
        counts[name] += by

    client: Any = _AcceptingClient()
    uploads = UploadDependencies(client, client, "uploads", "collect")
    return CollectDependencies(
        client, client, client, "stream", client, "bad-rows", "queue", "lake", "entities", 730, uploads, count
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
