"""Splits events into request batches, partitioned by user so that each user's events stay in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from data.stream import RawEvent

# The API accepts 500 events and 1 MiB per request (`backend/collect/body.py`); the difference leaves room for brackets.
LARGEST_BATCH = 500
LARGEST_BODY_BYTES = 1_000_000


class Batch(NamedTuple):
    """The payloads of one request, the partition that sends it, and whether the payloads are JSON texts."""

    partition: int
    payloads: list[bytes]
    is_json: bool = True


def encode_body(payloads: list[bytes], *, is_json: bool = True) -> bytes:
    """Encode payloads as a request body: JSON texts as an array, anything else unchanged."""
    return b"[" + b",".join(payloads) + b"]" if is_json else b"".join(payloads)


def split_into_batches(events: Iterable[RawEvent], *, size: int, partitions: int) -> Iterator[Batch]:
    """Partition events by user and split each partition into batches.

    The batches of a partition are sent one after another, so a user's events arrive in order. A payload that is not a
    JSON text is a batch of its own, since it would make the body of the others invalid.

    Parameters
    ----------
    events
        In order of arrival.
    size
        Maximum number of events per batch, 1 to 500.
    partitions
        Number of partitions, each with a connection of its own.
    """
    if not 1 <= size <= LARGEST_BATCH:
        raise ValueError(f"the batch size is {size}; the API accepts 1 to {LARGEST_BATCH} events per request")
    pending: list[list[bytes]] = [[] for _ in range(partitions)]
    pending_bytes = [0] * partitions
    for event in events:
        partition = crc32(event.user.encode(errors="surrogatepass")) % partitions
        if not event.is_json:
            yield Batch(partition, [event.payload], is_json=False)
            continue
        if pending[partition] and pending_bytes[partition] + len(event.payload) > LARGEST_BODY_BYTES:
            yield Batch(partition, pending[partition])
            pending[partition], pending_bytes[partition] = [], 0
        pending[partition].append(event.payload)
        pending_bytes[partition] += len(event.payload) + 1
        if len(pending[partition]) == size:
            yield Batch(partition, pending[partition])
            pending[partition], pending_bytes[partition] = [], 0
    for partition, payloads in enumerate(pending):
        if payloads:
            yield Batch(partition, payloads)
