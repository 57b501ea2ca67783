"""Bytes to events, items and users, or to the reasons why not."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from backend.contract.explanation import Kind, explain, malformed
from backend.contract.generated.structs import Event, Item, User
from backend.contract.instants import to_milliseconds
from backend.contract.limits import (
    EARLIEST_EVENT,
    EARLIEST_INSTANT,
    LATEST_INSTANT,
    MAX_CLOCK_AHEAD,
    MAX_EVENT_BYTES,
    MAX_EVENTS_PER_REQUEST,
    MAX_PROPERTIES_BYTES,
    SEARCH,
)
from backend.contract.refusal import BodyRefused, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

_SUSPECT = re.compile(rb"\\(?:[bfnrt]|u00[01]|u007[fF])|\x7f")
"""What any control character looks like in JSON that msgspec accepts (it refuses raw ones below 0x20).

It also finds an escaped backslash before such a letter, so what it finds is suspect, not guilty."""

_CERTAINLY_SMALL = MAX_EVENT_BYTES - 2 * MAX_PROPERTIES_BYTES
"""Bytes; a shorter event cannot grow beyond the limit by being written canonically (numbers are written longer)."""

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_encode = msgspec.json.Encoder().encode
_event = msgspec.json.Decoder(Event).decode
_events = msgspec.json.Decoder(list[Event]).decode
_raw_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_Record = TypeVar("_Record", Item, User)


def read_event(payload: bytes, *, now: datetime) -> Event | Refusal:
    """Read one event, as it lies in the stream or comes to the door.

    Parameters
    ----------
    payload
        JSON object in UTF-8.
    now
        What the event's time is compared with; has an offset.

    Returns
    -------
    Event | Refusal
        The event, its times in UTC to the millisecond, or every rule it breaks.
    """
    try:
        event = _event(payload)
    except _UNREADABLE:
        return explain("Event", payload, now=now) or malformed("Event", payload)
    if _is_suspect(payload) or len(payload) > _CERTAINLY_SMALL or not _holds(event, now + MAX_CLOCK_AHEAD):
        refusal = explain("Event", payload, now=now)
        if refusal:
            return refusal
    return _in_milliseconds(event)


def read_events(body: bytes, *, now: datetime) -> list[Event | Refusal]:
    """Read the body of a request: one event, or an array of 1 to 500.

    Parameters
    ----------
    body
        JSON in UTF-8.
    now
        What the events' times are compared with; has an offset.

    Returns
    -------
    list[Event | Refusal]
        In the order of the body.

    Raises
    ------
    BodyRefused
        Where the body is no JSON, neither object nor array, an empty array, or one of more than 500.
    """
    start = body.lstrip(b" \t\r\n")[:1]
    if start == b"{":
        event = read_event(body, now=now)
        if isinstance(event, Refusal) and event.reason == "malformed_json":
            raise BodyRefused("malformed_json", event.errors[0].rule)
        return [event]
    # The common case, nothing wrong with any event, takes one pass over the body.
    if not _is_suspect(body):
        try:
            events = _events(body)
        except _UNREADABLE:
            pass
        else:
            latest = now + MAX_CLOCK_AHEAD
            small = len(body) <= _CERTAINLY_SMALL or _all_small(body)
            if 1 <= len(events) <= MAX_EVENTS_PER_REQUEST and small and all(_holds(event, latest) for event in events):
                return [_in_milliseconds(event) for event in events]
    return [read_event(payload, now=now) for payload in split_records(body)]


def split_records(body: bytes) -> list[bytes]:
    """Cut an array into the bytes of its elements.

    Parameters
    ----------
    body
        JSON array in UTF-8.

    Returns
    -------
    list[bytes]
        The bytes of each element, 1 to 500.

    Raises
    ------
    BodyRefused
        Where the body is no JSON array, empty, or holds more.
    """
    try:
        elements = _raw_list(body)
    except msgspec.ValidationError:
        raise BodyRefused("wrong_type", "must be an array of objects") from None
    except _UNREADABLE:
        raise BodyRefused("malformed_json", "must be well-formed JSON in UTF-8") from None
    if not elements:
        raise BodyRefused("empty", "must hold at least one record")
    if len(elements) > MAX_EVENTS_PER_REQUEST:
        raise BodyRefused("too_many", f"must hold at most {MAX_EVENTS_PER_REQUEST} records")
    return [bytes(element) for element in elements]


def read_item(payload: bytes) -> Item | Refusal:
    """Read one item.

    Parameters
    ----------
    payload
        JSON object in UTF-8.

    Returns
    -------
    Item | Refusal
        The item, or every rule it breaks.
    """
    return _read_record("Item", Item, payload)


def read_user(payload: bytes) -> User | Refusal:
    """Read one user.

    Parameters
    ----------
    payload
        JSON object in UTF-8.

    Returns
    -------
    User | Refusal
        The user, or every rule it breaks.
    """
    return _read_record("User", User, payload)


def _read_record(kind: Kind, record_type: type[_Record], payload: bytes) -> _Record | Refusal:
    now = datetime.now(UTC)
    try:
        record = msgspec.json.decode(payload, type=record_type)
    except _UNREADABLE:
        return explain(kind, payload, now=now) or malformed(kind, payload)
    created = record.created_at
    if _is_suspect(payload) or not _plausible(created) or not _fits(record.properties):
        refusal = explain(kind, payload, now=now)
        if refusal:
            return refusal
    if created is not None:
        record.created_at = to_milliseconds(created)
    return record


def _is_suspect(payload: bytes) -> bool:
    # Most records have neither backslash nor DEL, which is found out many times faster than by the expression.
    return (b"\\" in payload or b"\x7f" in payload) and _SUSPECT.search(payload) is not None


def _holds(event: Event, latest: datetime) -> bool:
    """Say whether the rules hold that a struct cannot state."""
    return (
        EARLIEST_EVENT <= event.timestamp <= latest
        and (event.user_id is not None or event.session_id is not None)
        and (event.item_id is not None or event.event_type == SEARCH)
        and _plausible(event.received_at)
        and _fits(event.properties)
    )


def _plausible(instant: datetime | None) -> bool:
    return instant is None or EARLIEST_INSTANT <= instant <= LATEST_INSTANT


def _fits(properties: Mapping[str, object] | None) -> bool:
    return properties is None or len(_encode(properties)) <= MAX_PROPERTIES_BYTES


def _all_small(body: bytes) -> bool:
    return all(len(element) <= _CERTAINLY_SMALL for element in _raw_list(body))


def _in_milliseconds(event: Event) -> Event:
    event.timestamp = to_milliseconds(event.timestamp)
    if event.received_at is not None:
        event.received_at = to_milliseconds(event.received_at)
    return event
