"""The forwarder's hot path beside that of public samples, which de-aggregate, validate and call once per event.

Both read the same Kinesis batches in the same process, and stop where the network would begin. Rates are records per
CPU-second, the median of several rounds that alternate between the two.
"""

from __future__ import annotations

import base64
import random
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from aws_kinesis_agg.deaggregator import iter_deaggregate_records

from backend.contract import aggregate_records, models
from backend.forward.grouping import group_into_calls
from backend.forward.reading import read_batch

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 7
ROUNDS = 7
KINESIS_RECORDS = 500
EVENTS_PER_POST = 50
NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def run() -> list[dict[str, Any]]:
    """Measure, for producers that batch and for those that send event by event."""
    rows = []
    for producer, events_per_post in (
        (f"{EVENTS_PER_POST} events a post, aggregated", EVENTS_PER_POST),
        ("1 event a post, plain", 1),
    ):
        records = make_batch(events_per_post)
        contenders: dict[str, Callable[[list[dict[str, Any]]], tuple[int, int]]] = {
            "Rivulet": ours,
            "aws-kinesis-agg + pydantic, one call per event": sample,
        }
        seconds: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(ROUNDS):
            for name, contender in contenders.items():
                started = time.process_time()
                contender(records)
                seconds[name].append(time.process_time() - started)
        for name, contender in contenders.items():
            events, calls = contender(records)
            rows.append(
                {
                    "producer": producer,
                    "forwarder": name,
                    "records per CPU-second": round(events / statistics.median(seconds[name])),
                    "events per call": round(events / calls, 2),
                }
            )
    return rows


def ours(records: list[dict[str, Any]]) -> tuple[int, int]:
    """Read and group a batch; return events and calls."""
    users = group_into_calls(read_batch(records).events)
    return sum(len(call) for calls in users for call in calls), sum(len(calls) for calls in users)


def sample(records: list[dict[str, Any]]) -> tuple[int, int]:
    """Read a batch like the public samples; return events and calls."""
    calls: list[tuple[str | None, models.Event]] = []
    for record in iter_deaggregate_records(records):
        event = models.Event.model_validate_json(base64.b64decode(record["kinesis"]["data"]))
        calls.append((event.user_id, event))
    return len(calls), len(calls)


def make_batch(events_per_post: int) -> list[dict[str, Any]]:
    """Return a Kinesis batch of events of about 600 bytes, with the events of one post in each record."""
    draw = random.Random(SEED)
    records = []
    for post in range(KINESIS_RECORDS if events_per_post > 1 else KINESIS_RECORDS * 10):
        payloads = [make_event(draw, f"u-{post}", number) for number in range(events_per_post)]
        data = (
            payloads[0] if len(payloads) == 1 else aggregate_records([(f"u-{post}", payload) for payload in payloads])
        )
        records.append(
            {
                "kinesis": {
                    "partitionKey": f"u-{post}",
                    "sequenceNumber": f"{post:056d}",
                    "approximateArrivalTimestamp": NOW.timestamp(),
                    "data": base64.b64encode(data).decode(),
                    "kinesisSchemaVersion": "1.0",
                },
                "eventID": f"shardId-000000000000:{post:056d}",
                "eventSource": "aws:kinesis",
            }
        )
    return records


def make_event(draw: random.Random, user_id: str, number: int) -> bytes:
    """Return one event with all the fields that a shop's front end sets."""
    return msgspec.json.encode(
        {
            "event_id": f"{draw.getrandbits(128):032x}",
            "user_id": user_id,
            "session_id": f"s-{user_id}",
            "item_id": f"i-{draw.randrange(1000)}",
            "timestamp": (NOW - timedelta(seconds=3600 - number)).isoformat(timespec="milliseconds"),
            "event_type": draw.choice(["View", "Click", "AddToCart", "Purchase"]),
            "event_value": round(draw.uniform(1, 200), 2),
            "impression": [f"i-{draw.randrange(1000)}" for _ in range(12)],
            "recommendation_id": f"RID-{draw.getrandbits(64):016x}",
            "properties": {"device": "phone", "page": "/home/deals", "position": number, "referrer": "newsletter-31"},
            "consent": "granted",
            "schema_version": "1",
            "received_at": NOW.isoformat(timespec="milliseconds"),
        }
    )
