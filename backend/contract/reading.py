"""Bytes to events, items and users, or to the reasons of their refusal."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from backend.contract.explanation import RecordType, explain, find_repeated, malformed, repeated
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
from backend.contract.refusal import BodyRefusedError, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RecordKind = Literal["interactions", "items", "users"]
RECORD_KINDS: tuple[RecordKind, ...] = ("interactions", "items", "users")

_SUSPECT = re.compile(rb"\\(?:[bfnrt]|u00[01]|u007[fF])|\x7f")
"""Matches every control character in JSON that msgspec accepts (it refuses raw ones below 0x20).

It also matches an escaped backslash before such a letter, so the models decide about a match."""

_ESCAPED = re.compile(rb"\\u00[2-7]")
"""Matches an escaped letter, quote or colon, with which a field can be written so that the bytes do not show it."""

_WHITESPACE = b" \t\r\n"

_CERTAINLY_SMALL = MAX_EVENT_BYTES - 2 * MAX_PROPERTIES_BYTES
"""Bytes; the canonical form of a shorter event cannot exceed the limit (it may write numbers longer)."""

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _StatedEvent(Event, kw_only=True, forbid_unknown_fields=True, gc=False):
    """An event as it was sent: a field that it does not state is None or UNSET."""

    consent: Literal["granted", "denied"] | UnsetType = UNSET  # type: ignore[assignment]
    schema_version: Literal["1"] | UnsetType = UNSET  # type: ignore[assignment]


class _Arrival(msgspec.Struct):
    received_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


_FIELDS = len(msgspec.structs.fields(Event))

_values = msgspec.structs.astuple
_encode = msgspec.json.Encoder().encode
_arrival = msgspec.json.Decoder(_Arrival).decode
_event = msgspec.json.Decoder(_StatedEvent).decode
_events = msgspec.json.Decoder(list[_StatedEvent]).decode
_raw_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_Record = TypeVar("_Record", Item, User)


def read_event(payload: bytes, *, now: datetime) -> Event | Refusal:
    """Return the event in a JSON object, its times in UTC to the millisecond, or every rule that it breaks.

    The event's time is compared with `now`, which has an offset.
    """
    try:
        event = _event(payload)
    except _UNREADABLE:
        return explain("Event", payload, now=now) or malformed("Event", payload)
    if _is_suspect(payload) or len(payload) > _CERTAINLY_SMALL or not _holds(event, now + MAX_CLOCK_AHEAD):
        refusal = explain("Event", payload, now=now)
        if refusal:
            return refusal
    if _may_repeat([event], payload) and (name := find_repeated(payload)):
        return repeated(name, payload)
    return _complete(event)


def read_streamed_event(payload: bytes, *, arrived_at: datetime) -> Event | Refusal:
    """Return the event in a record of the stream, as `read_event` does.

    An event's time is compared with the arrival of its record, or with a later `received_at`, by which the front door
    has accepted it; a `received_at` that is further ahead than a clock may be is ignored.
    """
    event = read_event(payload, now=arrived_at)
    if isinstance(event, Refusal):
        received_at = _received_at(payload)
        if received_at is not None and arrived_at < received_at <= arrived_at + MAX_CLOCK_AHEAD:
            return read_event(payload, now=received_at)
    return event


def read_events(body: bytes, *, now: datetime) -> list[Event | Refusal]:
    """Return the events in the body of a request, one JSON object or an array of 1 to 500, in order.

    Parameters
    ----------
    now
        The time with which the events' times are compared; has an offset.

    Raises
    ------
    BodyRefusedError
        Where the body is not JSON, neither object nor array, an empty array, or one of more than 500.
    """
    start = body.lstrip(b" \t\r\n")[:1]
    if start == b"{":
        event = read_event(body, now=now)
        if isinstance(event, Refusal) and event.reason == "malformed_json":
            raise BodyRefusedError("malformed_json", event.errors[0].rule)
        return [event]
    # The common case, a body of valid events, takes one pass.
    if not _is_suspect(body):
        try:
            events = _events(body)
        except _UNREADABLE:
            pass
        else:
            latest = now + MAX_CLOCK_AHEAD
            small = len(body) <= _CERTAINLY_SMALL or _all_small(body)
            is_plain = 1 <= len(events) <= MAX_EVENTS_PER_REQUEST and small and not _may_repeat(events, body)
            if is_plain and all(_holds(event, latest) for event in events):
                return [_complete(event) for event in events]
    return [read_event(payload, now=now) for payload in split_records(body)]


def split_records(body: bytes) -> list[bytes]:
    """Return the bytes of each element of a JSON array, 1 to 500.

    Raises `BodyRefusedError` where the body is not a JSON array, is empty, or holds more.
    """
    try:
        elements = _raw_list(body)
    except msgspec.ValidationError:
        raise BodyRefusedError("wrong_type", "must be an array of objects") from None
    except _UNREADABLE:
        raise BodyRefusedError("malformed_json", "must be well-formed JSON in UTF-8") from None
    if not elements:
        raise BodyRefusedError("empty", "must hold at least one record")
    if len(elements) > MAX_EVENTS_PER_REQUEST:
        raise BodyRefusedError("too_many", f"must hold at most {MAX_EVENTS_PER_REQUEST} records")
    return [bytes(element) for element in elements]


def read_item(payload: bytes) -> Item | Refusal:
    """Return the item in a JSON object, or every rule that it breaks."""
    return _read_record("Item", Item, payload)


def read_user(payload: bytes) -> User | Refusal:
    """Return the user in a JSON object, or every rule that it breaks."""
    return _read_record("User", User, payload)


def _read_record(kind: RecordType, record_type: type[_Record], payload: bytes) -> _Record | Refusal:
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
    if name := find_repeated(payload):
        return repeated(name, payload)
    if created is not None:
        record.created_at = to_milliseconds(created)
    return record


def _received_at(payload: bytes) -> datetime | None:
    try:
        return _arrival(payload).received_at
    except _UNREADABLE:
        return None


def _is_suspect(payload: bytes) -> bool:
    # Most records have neither backslash nor DEL; to check that first is many times faster than the expression.
    return (b"\\" in payload or b"\x7f" in payload) and _SUSPECT.search(payload) is not None


def _holds(event: Event, latest: datetime) -> bool:
    """Return whether an event keeps the rules that a struct cannot state."""
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


def _may_repeat(events: Sequence[_StatedEvent], payload: bytes) -> bool:
    """Return whether an event may state a field twice, of which the decoder keeps the last value and says nothing.

    Each field has one `":` in the bytes; a value can only add more of them.
    """
    stated = 0
    for event in events:
        values = _values(event)
        stated += _FIELDS - values.count(None) - values.count(UNSET)
        if event.properties:
            stated += len(event.properties)
    if payload.translate(None, _WHITESPACE).count(b'":') > stated:
        return True
    return b"\\" in payload and _ESCAPED.search(payload) is not None


def _complete(event: _StatedEvent) -> Event:
    """Set what the event does not state to its default, and its times to the millisecond."""
    if event.consent is UNSET:
        event.consent = "granted"
    if event.schema_version is UNSET:
        event.schema_version = "1"
    event.timestamp = to_milliseconds(event.timestamp)
    if event.received_at is not None:
        event.received_at = to_milliseconds(event.received_at)
    return event
