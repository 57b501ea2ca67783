"""Events put together into requests, so that a user's events travel in order and together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from data.stream import RawEvent

# What the door takes in one request: 500 events and 1 MiB (`backend/collect/body.py`), less something for brackets.
LARGEST_BATCH = 500
LARGEST_BODY_BYTES = 1_000_000


class Batch(NamedTuple):
    """Payloads for one request, the lane that sends it, and whether they are JSON texts."""

    lane: int
    payloads: list[bytes]
    is_json: bool = True


def body_of(payloads: list[bytes], *, is_json: bool = True) -> bytes:
    """Return the body that carries payloads: an array, or what is no JSON text as it is."""
    return b"[" + b",".join(payloads) + b"]" if is_json else b"".join(payloads)


def batches(events: Iterable[RawEvent], *, size: int, lanes: int) -> Iterator[Batch]:
    """Share events out to lanes by user and cut each lane into batches.

    A lane sends its batches one after another, so a user's events arrive in order. What is no JSON text goes alone,
    since it would spoil the request of the others.

    Parameters
    ----------
    events
        In order of arrival.
    size
        Most events of a batch, 1 to 500.
    lanes
        How many connections there are.
    """
    if not 1 <= size <= LARGEST_BATCH:
        raise ValueError(f"the batch size is {size}; the door takes 1 to {LARGEST_BATCH} events in one request")
    waiting: list[list[bytes]] = [[] for _ in range(lanes)]
    waiting_bytes = [0] * lanes
    for event in events:
        lane = crc32(event.user.encode(errors="surrogatepass")) % lanes
        if not event.is_json:
            yield Batch(lane, [event.payload], is_json=False)
            continue
        if waiting[lane] and waiting_bytes[lane] + len(event.payload) > LARGEST_BODY_BYTES:
            yield Batch(lane, waiting[lane])
            waiting[lane], waiting_bytes[lane] = [], 0
        waiting[lane].append(event.payload)
        waiting_bytes[lane] += len(event.payload) + 1
        if len(waiting[lane]) == size:
            yield Batch(lane, waiting[lane])
            waiting[lane], waiting_bytes[lane] = [], 0
    for lane, payloads in enumerate(waiting):
        if payloads:
            yield Batch(lane, payloads)
