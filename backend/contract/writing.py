"""Events, items and users to their canonical bytes, and the event id derived from them."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import msgspec

from backend.contract.generated.structs import Event, EventLine, Item, ItemLine, User, UserLine
from backend.contract.instants import write_instant

DERIVED_ID_LENGTH = 32
"""Hexadecimal digits of a derived id: 128 bits, so that two events of a shop never share one by chance."""

_values = msgspec.structs.astuple
_FIELDS = Event.__struct_fields__
_TIMESTAMP, _RECEIVED_AT, _PRODUCER = map(_FIELDS.index, ("timestamp", "received_at", "producer"))
_encode = msgspec.json.Encoder(order="deterministic").encode

# The events of a request arrive at one time.
_write_arrival = functools.lru_cache(maxsize=1)(write_instant)


def write_event(event: Event) -> bytes:
    """Return the event's canonical JSON on one line: the set fields in order, times in UTC to the millisecond."""
    values = [*_values(event)]
    received = event.received_at
    if received is not None:
        values[_RECEIVED_AT] = _write_arrival(received)
    return _encode(_line(event, values))


def event_id_of(event: Event) -> str:
    """Return the event's own id, or one derived from all the fields that the producer set.

    A derived id is 32 hexadecimal digits of the SHA-256 of the canonical form without the fields that the front door
    adds, so an event that is sent twice has the same id, whenever and wherever it is read.
    """
    if event.event_id is not None:
        return event.event_id
    values = [*_values(event)]
    values[_RECEIVED_AT] = values[_PRODUCER] = None
    return hashlib.sha256(_encode(_line(event, values))).hexdigest()[:DERIVED_ID_LENGTH]


def write_item(item: Item) -> bytes:
    """Return the item's canonical JSON, without line breaks."""
    return _encode(
        ItemLine(
            item.item_id,
            item.title,
            item.category,
            item.brand,
            item.price,
            item.availability,
            item.description,
            None if item.created_at is None else write_instant(item.created_at),
            item.properties,
        )
    )


def write_user(user: User) -> bytes:
    """Return the user's canonical JSON, without line breaks."""
    return _encode(
        UserLine(
            user.user_id,
            user.age_group,
            user.gender,
            user.interests,
            user.membership,
            None if user.created_at is None else write_instant(user.created_at),
            user.properties,
            user.country,
            user.region,
            user.city,
            user.device,
        )
    )


def _line(event: Event, values: list[Any]) -> EventLine:
    values[_TIMESTAMP] = write_instant(event.timestamp)
    # By position: many times faster than by name; the structs have the same fields in the same order.
    return EventLine(*values)
