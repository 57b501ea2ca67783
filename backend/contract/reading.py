"""Bytes to events, items and users, or to the reasons of their refusal."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

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
)
from backend.contract.refusal import BodyRefusedError, Refusal
from backend.contract.rules.event_types import IMPRESSION, OWN_TYPES, PURCHASE, SEARCH, TYPES, WITH_QUANTITY
from backend.contract.rules.placeholder_ids import SESSION_PREFIX, are_real

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

_CERTAINLY_SMALL = MAX_EVENT_BYTES // 4
"""Bytes of an impression with which an event is within the limit: ids and the other fields have less than a half of it,
and properties and labels a tenth each. Larger ones are left to the models."""

_FIELDS = Event.__struct_fields__
_IDS = _FIELDS.index("item_id") + 1
"""The first fields are the ids that most events have."""
_RARE = slice(_FIELDS.index("visitor_id"), _FIELDS.index("producer"))
"""The fields that are for some types of event, or that most producers leave out."""
_NONE_RARE = (None,) * len(_FIELDS[_RARE])
_IMPRESSION, _RECOMMENDATION_ID = _FIELDS.index("impression"), _FIELDS.index("recommendation_id")
_PROPERTIES, _RECEIVED_AT = _FIELDS.index("properties"), _FIELDS.index("received_at")

_is_currency = re.compile("[A-Z]{3}").fullmatch

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _StatedEvent(Event, kw_only=True, forbid_unknown_fields=True, gc=False):
    """An event as it was sent: a field that it does not state is None or UNSET."""

    event_type: Literal[(*TYPES, *OWN_TYPES)]  # type: ignore[valid-type]
    consent: Literal["granted", "denied"] | UnsetType = UNSET  # type: ignore[assignment]
    schema_version: Literal["1"] | UnsetType = UNSET  # type: ignore[assignment]


class _Arrival(msgspec.Struct):
    received_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


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
    values = _values(event)
    holds = _holds(event, values, now + MAX_CLOCK_AHEAD) and _have_real_ids([values])
    if not holds or _is_suspect(payload):
        refusal = explain("Event", payload, now=now)
        if refusal:
            return refusal
    if _may_repeat([values], payload) and (name := find_repeated(payload)):
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


def read_streamed_events(payloads: Sequence[bytes], *, arrived_at: datetime) -> list[Event | Refusal]:
    """Return the events in the records of an aggregate, each as `read_streamed_event` does."""
    if len(payloads) == 1:
        return [read_streamed_event(payloads[0], arrived_at=arrived_at)]
    # The common case, an aggregate of valid events, takes one pass.
    joined = b"".join(payloads)
    if not _is_suspect(joined):
        try:
            events = [_event(payload) for payload in payloads]
        except _UNREADABLE:
            pass
        else:
            if _are_plain(events, joined, arrived_at):
                return [_complete(event) for event in events]
    return [read_streamed_event(payload, arrived_at=arrived_at) for payload in payloads]


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
    if body.lstrip(_WHITESPACE).startswith(b"{"):
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
            if 1 <= len(events) <= MAX_EVENTS_PER_REQUEST and _are_plain(events, body, now):
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
    record_id = record.item_id if isinstance(record, Item) else record.user_id
    if _is_suspect(payload) or not are_real((record_id,)) or not _plausible(created) or not _fits(record.properties):
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


def _are_plain(events: Sequence[_StatedEvent], payload: bytes, now: datetime) -> bool:
    latest = now + MAX_CLOCK_AHEAD
    rows = list(map(_values, events))
    return (
        not _may_repeat(rows, payload)
        and _have_real_ids(rows)
        and all([_holds(event, values, latest) for event, values in zip(events, rows, strict=True)])  # noqa: C419 - faster
    )


def _have_real_ids(events: Sequence[tuple[Any, ...]]) -> bool:
    """Return whether no common field of some events, each the values of its fields, has a placeholder for an id."""
    ids: list[str | None] = []
    for values in events:
        ids += values[:_IDS]
        ids.append(values[_RECOMMENDATION_ID])
        ids += values[_IMPRESSION] or ()
    return are_real(ids)


def _holds(event: Event, values: tuple[Any, ...], latest: datetime) -> bool:
    """Return whether an event, with the values of its fields, certainly keeps the rules that a struct cannot state.

    Its common ids are checked by `_have_real_ids`, for many events at once.
    """
    event_type = event.event_type
    return (
        EARLIEST_EVENT <= event.timestamp <= latest
        and (event.session_id is not None if event.user_id is None else not event.user_id.startswith(SESSION_PREFIX))
        and (event.received_at is None or EARLIEST_INSTANT <= event.received_at <= LATEST_INSTANT)
        # Most events have none of the fields that are for some types of event.
        and (values[_RARE] == _NONE_RARE or _has_fitting_fields(event))
        and ((event.item_id is not None or event_type == SEARCH) if event_type != IMPRESSION else _is_list(event))
        and (len(_encode((event.properties, event.impression))) <= MAX_PROPERTIES_BYTES or _fits_alone(event))
    )


def _has_fitting_fields(event: Event) -> bool:
    """Return whether the rarer fields are real ids, for the event's type, and certainly small."""
    event_type, order_id, currency = event.event_type, event.order_id, event.currency
    labels = (event.visitor_id, order_id, event.slot, event.variation, event.model, event.source, event.device)
    return (
        are_real((event.visitor_id, order_id))
        and (order_id is None or event_type == PURCHASE)
        and (event.quantity is None or event_type in WITH_QUANTITY)
        and (currency is None or (event.event_value is not None and _is_currency(currency) is not None))
        and (event.positions is None or event_type == IMPRESSION)
        and len(_encode(labels)) <= MAX_PROPERTIES_BYTES
    )


def _is_list(event: Event) -> bool:
    items, positions = event.impression, event.positions
    return (
        items is not None
        and event.item_id is None
        and event.event_value is None
        and event.position is None
        and len(set(items)) == len(items)
        and (positions is None or (len(positions) == len(items) and sorted(set(positions)) == positions))
    )


def _fits_alone(event: Event) -> bool:
    return _fits(event.properties) and len(_encode(event.impression)) <= _CERTAINLY_SMALL


def _plausible(instant: datetime | None) -> bool:
    return instant is None or EARLIEST_INSTANT <= instant <= LATEST_INSTANT


def _fits(properties: Mapping[str, object] | None) -> bool:
    return properties is None or len(_encode(properties)) <= MAX_PROPERTIES_BYTES


def _may_repeat(events: Sequence[tuple[Any, ...]], payload: bytes) -> bool:
    """Return whether one of some events, each the values of its fields, may state a field twice.

    The decoder keeps the last value and says nothing. Each field has a colon in the bytes, and each time has two more,
    or three with an offset; other values can only add to them. Where there are too many, fields are counted by their
    `":`, to which a value can only add, too.
    """
    stated = len([*filter(None, chain.from_iterable(events))])  # without empty values at first, for speed
    times = len(events)
    for values in events:
        if values[_PROPERTIES] is not None:
            stated += len(values[_PROPERTIES])
        if values[_RECEIVED_AT] is not None:
            times += 1
    if b"\\" not in payload:
        surplus = payload.count(b":") - stated - 2 * times
        if surplus <= 0 or (surplus <= times and surplus <= _count_zero_offsets(payload)):
            return False
    elif _ESCAPED.search(payload):
        return True
    count = payload.translate(None, _WHITESPACE).count(b'":')
    return count > stated and count > stated + sum(map(_count_empty, events))


def _count_zero_offsets(payload: bytes) -> int:
    # To find a rare byte is many times faster than to count the text, whose last byte is a frequent one.
    count, at = 0, payload.find(b"+")
    while at >= 0:
        count += payload.startswith(b'00:00"', at + 1)
        at = payload.find(b"+", at + 1)
    return count


def _count_empty(values: tuple[Any, ...]) -> int:
    return sum(not value and value is not None and value is not UNSET for value in values)


def _complete(event: _StatedEvent) -> Event:
    """Set what the event does not state to its default, and its times to the millisecond."""
    if event.consent is UNSET:
        event.consent = "granted"
    if event.schema_version is UNSET:
        event.schema_version = "1"
    timestamp, received_at = event.timestamp, event.received_at
    if timestamp.tzinfo is not UTC or timestamp.microsecond % 1000:
        event.timestamp = to_milliseconds(timestamp)
    if received_at is not None and (received_at.tzinfo is not UTC or received_at.microsecond % 1000):
        event.received_at = to_milliseconds(received_at)
    return event
