"""Several records in one Kinesis record, in the format of the Kinesis Producer Library.

The format: https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md. The messages are those
of aws-kinesis-agg; its iterator is not used, since it drops unreadable records and prints their payload.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

import aws_kinesis_agg.aggregator  # noqa: F401 - adds the folder of its generated messages to the path
import msgspec
from aws_kinesis_agg import MAGIC, messages_pb2
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DIGEST_BYTES = 16
_MAGIC: bytes = MAGIC


MAX_AGGREGATE_BYTES = 100_000
"""Bytes of one aggregate: a small part of a shard's capacity per second, so that one busy user delays no other."""

MAX_RECORDS_PER_CALL = 500
"""Records of one PutRecords. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""

MAX_BYTES_PER_CALL = 5 * 1024 * 1024
"""Bytes of one PutRecords, partition keys included, of the same page."""

PUT_RECORDS_THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "LimitExceededException",
        "KMSThrottlingException",
        "ThrottlingException",
        "RequestLimitExceeded",
    }
)
"""Errors of PutRecords, and of its records, after which the same call may succeed."""

_BYTES_PER_EVENT = 16
"""Most bytes that the format adds to an event: tags, lengths and the index of its key."""


class MalformedAggregateError(ValueError):
    """An aggregated record that is truncated, altered or inconsistent; none of its records can be trusted."""


class StreamRecord(msgspec.Struct, frozen=True, gc=False):
    """One Kinesis record.

    Attributes
    ----------
    partition_key
        The user or session of the events.
    data
        An event, or an aggregate of several.
    positions
        Position of each of its events in the request.
    """

    partition_key: str
    data: bytes
    positions: tuple[int, ...]


def is_aggregated(data: bytes) -> bool:
    """Return whether a Kinesis record's data begins like an aggregate."""
    return data.startswith(_MAGIC)


def aggregate_records(records: Sequence[tuple[str, bytes]]) -> bytes:
    """Return one aggregate of several records, in order: magic number, message, and its MD5.

    Parameters
    ----------
    records
        Partition key and data of each, at least one.

    Raises
    ------
    ValueError
        Where there is no record, or a partition key is empty.
    """
    if not records:
        raise ValueError("an aggregate holds at least one record")
    indices: dict[str, int] = {}
    parts: list[bytes] = []
    for partition_key, data in records:
        if not partition_key:
            raise ValueError("a partition key must not be empty")
        parts += _record_prefix(indices.setdefault(partition_key, len(indices)), len(data)), data
    keys = [key.encode() for key in indices]
    body = b"".join([*(b"\x0a%b%b" % (_varint(len(key)), key) for key in keys), *parts])
    return _MAGIC + body + _digest(body)


@lru_cache(maxsize=4096)
def _record_prefix(key_index: int, size: int) -> bytes:
    """Return the bytes before a record's data: many times faster to join than to build a message of records."""
    fields = b"\x08%b\x1a%b" % (_varint(key_index), _varint(size))
    return b"\x1a%b%b" % (_varint(len(fields) + size), fields)


def _varint(number: int) -> bytes:
    # https://protobuf.dev/programming-guides/encoding/#varints
    septets = []
    while number > 0x7F:
        septets.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*septets, number])


def deaggregate_records(data: bytes) -> list[bytes]:
    """Return the data of each record of an aggregate, in order.

    Parameters
    ----------
    data
        A Kinesis record's data for which :func:`is_aggregated` is true.

    Raises
    ------
    MalformedAggregateError
        Where the magic number, the digest, the message or a partition key index is wrong, or there is no record.
    """
    if not is_aggregated(data):
        raise MalformedAggregateError("an aggregate begins with F3 89 9A C2")
    body, digest = data[len(_MAGIC) : -_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if len(data) < len(_MAGIC) + _DIGEST_BYTES or digest != _digest(body):
        raise MalformedAggregateError(f"the digest of an aggregate of {len(data)} bytes does not match its content")
    message = messages_pb2.AggregatedRecord()
    try:
        message.ParseFromString(body)
    except DecodeError as error:
        raise MalformedAggregateError(f"the message in an aggregate of {len(data)} bytes is unreadable") from error
    if not message.IsInitialized():
        raise MalformedAggregateError("a record of an aggregate lacks a required part")
    keys = len(message.partition_key_table)
    records = [*message.records]  # each iteration over the message makes its objects anew
    if not records:
        raise MalformedAggregateError("an aggregate holds at least one record")
    if max([record.partition_key_index for record in records]) >= keys:
        raise MalformedAggregateError("a record of an aggregate names a partition key that is not in its table")
    return [record.data for record in records]


def group_events(
    events: Iterable[tuple[int, str, bytes]], *, max_bytes: int = MAX_AGGREGATE_BYTES
) -> list[StreamRecord]:
    """Put events into as few stream records as the limits allow.

    Parameters
    ----------
    events
        Position, user and canonical bytes of each, in order.
    max_bytes
        Bytes of one aggregate, without its key.

    Returns
    -------
    list[StreamRecord]
        The records of a user in the order of the events; the users in the order of their first event.
    """
    users: dict[str, list[tuple[int, str, bytes]]] = {}
    for event in events:
        users.setdefault(event[1], []).append(event)
    return [_record(user, part) for user, own in users.items() for part in _parts(own, max_bytes)]


def _parts(events: list[tuple[int, str, bytes]], max_bytes: int) -> list[list[tuple[int, str, bytes]]]:
    sizes = [len(data) + _BYTES_PER_EVENT for _, _, data in events]
    if sum(sizes) <= max_bytes:
        return [events]
    parts: list[list[tuple[int, str, bytes]]] = [[]]
    part_size = 0
    for event, size in zip(events, sizes, strict=True):
        if parts[-1] and part_size + size > max_bytes:
            parts.append([])
            part_size = 0
        parts[-1].append(event)
        part_size += size
    return parts


def _record(user: str, events: list[tuple[int, str, bytes]]) -> StreamRecord:
    positions = tuple([position for position, _, _ in events])
    if len(events) == 1:
        return StreamRecord(user, events[0][2], positions)
    return StreamRecord(user, aggregate_records([(user, data) for _, _, data in events]), positions)


def _digest(body: bytes) -> bytes:
    return hashlib.md5(body, usedforsecurity=False).digest()
