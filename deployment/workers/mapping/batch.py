"""When a batch is ready and how much goes into it; the event that a function gets."""

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
"""Most bytes of a synchronous invocation's payload (AWS Lambda quotas)."""

_FRAME = len(b'{"Records":[]}')


@dataclass(frozen=True)
class Entry:
    """A record on its way to the function: what it is, and how it is written in the event."""

    record: Record
    written: bytes


@dataclass(frozen=True)
class Origin:
    """What every record of one shard says about where it comes from.

    Parameters
    ----------
    stream_arn, shard_id, region
        Where the record lay.
    role_arn
        The function's role, as which AWS reads the stream.
    """

    stream_arn: str
    shard_id: str
    region: str
    role_arn: str


def write_entry(record: Record, origin: Origin) -> Entry:
    """Write a record as it stands in a function's event.

    Parameters
    ----------
    record
        The record.
    origin
        Where it lay.

    Returns
    -------
    Entry
        The record with its JSON (Lambda developer guide, "Using Lambda to process records from Amazon Kinesis").
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
    """Write the payload of one invocation.

    Parameters
    ----------
    entries
        The batch.

    Returns
    -------
    bytes
        The event as JSON.
    """
    return b'{"Records":[' + b",".join(entry.written for entry in entries) + b"]}"


def cut(sizes: Iterable[int], batch_size: int) -> int:
    """Say how many of the waiting records make the next batch.

    Parameters
    ----------
    sizes
        Bytes of the waiting records as written, in order.
    batch_size
        Most records of a batch.

    Returns
    -------
    int
        How many from the front; one at least when any waits, since one alone cannot be made smaller.
    """
    taken, total = 0, _FRAME
    for size in sizes:
        total += size + 1
        if taken == batch_size or (taken and total > PAYLOAD_BYTES):
            break
        taken += 1
    return taken


def seconds_to_wait(waiting: int, waiting_bytes: int, waited_seconds: float, batch_size: int, window: float) -> float:
    """Say how long a batch may still fill before it goes: until it is full by number or bytes, or its window is over.

    Parameters
    ----------
    waiting, waiting_bytes
        Records that wait, and their bytes as written.
    waited_seconds
        How long the first of them has waited.
    batch_size
        Most records of a batch.
    window
        The mapping's batching window in seconds.

    Returns
    -------
    float
        Seconds; zero or less when the batch is to go now.
    """
    if waiting >= batch_size or waiting_bytes + waiting + _FRAME >= PAYLOAD_BYTES:
        return 0.0
    return window - waited_seconds


def lane_of(partition_key: str, lanes: int) -> int:
    """Choose the lane of a partition key: always the same, so that a key's records stay in order.

    Parameters
    ----------
    partition_key
        The record's key.
    lanes
        How many lanes the shard has (ParallelizationFactor).

    Returns
    -------
    int
        From 0 to `lanes` - 1.
    """
    return zlib.crc32(partition_key.encode()) % lanes
