"""Forms batches by size and window, and writes the event of an invocation."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployment.workers.shards import Record

PAYLOAD_BYTES = 6 * 1024 * 1024
"""The limit of a synchronous invocation's payload (AWS Lambda quotas)."""

_FRAME = len(b'{"Records":[]}')


@dataclass(frozen=True)
class Entry:
    """A record and its JSON in the function's event."""

    record: Record
    written: bytes


@dataclass(frozen=True)
class Origin:
    """The source of the records of one shard, and the function's role, with which AWS reads the stream."""

    stream_arn: str
    shard_id: str
    region: str
    role_arn: str


def write_entry(record: Record, origin: Origin) -> Entry:
    """Return a record with its JSON in a function's event.

    Source: Lambda developer guide, "Using Lambda to process records from Amazon Kinesis".
    """
    event = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.partition_key,
            "sequenceNumber": record.sequence,
            "data": base64.b64encode(record.data).decode(),
            "approximateArrivalTimestamp": round(record.arrived, 3),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{origin.shard_id}:{record.sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": origin.role_arn,
        "awsRegion": origin.region,
        "eventSourceARN": origin.stream_arn,
    }
    return Entry(record, json.dumps(event, separators=(",", ":")).encode())


def write_event(entries: Iterable[Entry]) -> bytes:
    """Return the payload of an invocation with a batch."""
    return b'{"Records":[' + b",".join(entry.written for entry in entries) + b"]}"


def count_in_batch(sizes: Iterable[int], batch_size: int) -> int:
    """Return the number of waiting records that form the next batch.

    Parameters
    ----------
    sizes
        The bytes of the waiting records' JSON, in order.

    Returns
    -------
    int
        The number from the front; at least one when any waits, since a single record cannot be split.
    """
    taken, total = 0, _FRAME
    for size in sizes:
        total += size + 1
        if taken == batch_size or (taken and total > PAYLOAD_BYTES):
            break
        taken += 1
    return taken


def remaining_window(waiting: int, waiting_bytes: int, waited_seconds: float, batch_size: int, window: float) -> float:
    """Return the seconds that a batch may still wait: until it is full by number or bytes, or its window is over.

    Parameters
    ----------
    waiting, waiting_bytes
        The number of waiting records and the bytes of their JSON.
    window
        The mapping's batching window in seconds.

    Returns
    -------
    float
        Seconds; zero or less when the batch is due.
    """
    if waiting >= batch_size or waiting_bytes + waiting + _FRAME >= PAYLOAD_BYTES:
        return 0.0
    return window - waited_seconds


def lane_of(partition_key: str, lanes: int) -> int:
    """Return the index of a partition key's lane: always the same, so that a key's records stay in order."""
    return zlib.crc32(partition_key.encode()) % lanes
