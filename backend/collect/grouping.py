"""Events to stream records: the events of a user together and in order, several of them in one aggregate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.contract import aggregate_records

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_AGGREGATE_BYTES = 100_000
"""Bytes of one aggregate: a small part of a shard's capacity per second, so that one busy user delays no other."""

_BYTES_PER_EVENT = 16
"""Most bytes that the format adds to an event: tags, lengths and the index of its key."""


@dataclass(frozen=True, slots=True)
class StreamRecord:
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


def group_events(events: Iterable[tuple[int, str, bytes]]) -> list[StreamRecord]:
    """Put events into as few stream records as the limits allow.

    Parameters
    ----------
    events
        Position, user and canonical bytes of each, in order.

    Returns
    -------
    list[StreamRecord]
        The records of a user in the order of the events; the users in the order of their first event.
    """
    users: dict[str, list[tuple[int, bytes]]] = {}
    for position, user, data in events:
        users.setdefault(user, []).append((position, data))
    records: list[StreamRecord] = []
    for user, own in users.items():
        records.extend(_record(user, part) for part in _parts(own))
    return records


def _parts(events: list[tuple[int, bytes]]) -> list[list[tuple[int, bytes]]]:
    parts: list[list[tuple[int, bytes]]] = [[]]
    size = 0
    for event in events:
        grown = size + len(event[1]) + _BYTES_PER_EVENT
        if parts[-1] and grown > MAX_AGGREGATE_BYTES:
            parts.append([])
            grown = len(event[1]) + _BYTES_PER_EVENT
        parts[-1].append(event)
        size = grown
    return parts


def _record(user: str, events: list[tuple[int, bytes]]) -> StreamRecord:
    positions = tuple(position for position, _ in events)
    if len(events) == 1:
        return StreamRecord(user, events[0][1], positions)
    return StreamRecord(user, aggregate_records([(user, data) for _, data in events]), positions)
