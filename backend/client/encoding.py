"""Events as callers give them, to the bytes that are sent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from backend.client.transports.interface import Entry
from backend.contract.generated.structs import Event
from backend.contract.reading import read_event
from backend.contract.refusal import FieldError, Refusal
from backend.contract.writing import event_id_of, write_event

if TYPE_CHECKING:
    from backend.client.clock import Clock

GivenEvent = Event | Mapping[str, object] | bytes
"""An event of the contract, its fields by name, or its JSON."""


class _Stated(msgspec.Struct):
    event_id: str | None = None
    user_id: str | None = None
    session_id: str | None = None


_encode = msgspec.json.Encoder().encode
_stated = msgspec.json.Decoder(_Stated).decode
_any_json = msgspec.json.Decoder(msgspec.Raw).decode
_PLAIN = frozenset({str, int, bool, type(None)})
_WITH_ONE_FORM = (str, int, float, date, time, timedelta, UUID)
_RULE = "must hold strings, numbers, true, false, null, lists and times only"
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def encode_event(event: GivenEvent, clock: Clock) -> tuple[Entry, bool] | Refusal:
    """Return a valid event in its canonical form and whether it denies consent, or the rules that it breaks.

    An event without a timestamp gets the time of now, and one without an id the id that the API would derive: an event
    that is sent twice, by whichever process, has the same id.
    """
    if not _is_event(event):
        rule = "must be an Event, a mapping of its fields, or the bytes of its JSON"
        return Refusal("not_an_object", (FieldError("", rule),), b"")
    now = clock.now()
    is_stamped = isinstance(event, Mapping) and event.get("timestamp") is None
    if is_stamped:
        event = {**event, "timestamp": now}  # type: ignore[dict-item]
    payload = encode_json(event)
    if isinstance(payload, Refusal):
        return payload
    read = read_event(payload, now=now)
    if isinstance(read, Refusal):
        return read
    read.received_at = read.producer = None  # for the API to set
    read.event_id = event_id_of(read)
    user = read.user_id or read.session_id or ""
    return Entry(write_event(read), user, read.event_id, is_stamped=is_stamped), read.consent == "denied"


def wrap_payload(payload: bytes) -> Entry:
    """Return bytes as they are, for the server to validate."""
    stated = read_stated(payload)
    if stated is not None:
        return stated
    return Entry(payload, "", None, is_json=_is_json(payload))


def read_stated(payload: bytes) -> Entry | None:
    """Return a payload with the id and the user that it states; None where it is no event."""
    try:
        stated = _stated(payload)
    except _UNREADABLE:
        return None
    return Entry(payload, stated.user_id or stated.session_id or "", stated.event_id)


def _is_event(given: object) -> bool:
    return isinstance(given, Event | Mapping | bytes)


def _is_json(payload: bytes) -> bool:
    try:
        _any_json(payload)
    except _UNREADABLE:
        return False
    return True


def encode_json(event: GivenEvent) -> bytes | Refusal:
    """Return an event as JSON, bytes as they are, or which value has no form in JSON."""
    if isinstance(event, bytes):
        return event
    try:
        payload = _encode(event)
        return _find_unfit("", event if isinstance(event, Mapping) else msgspec.structs.asdict(event)) or payload
    except (TypeError, ValueError, OverflowError, RecursionError):
        return Refusal("wrong_type", (FieldError("", _RULE),), b"")


def _find_unfit(field: str, value: object) -> Refusal | None:
    """Return why a value would silently be another in JSON, as NaN is null, bytes are base64 and a set has no order."""
    if type(value) in _PLAIN:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return Refusal("out_of_range", (FieldError(field, "must be a finite number"),), b"")
    if isinstance(value, Mapping):
        return _find_unfit_in(field, value)
    if isinstance(value, list | tuple):
        return next(filter(None, (_find_unfit(f"{field}[{at}]", each) for at, each in enumerate(value))), None)
    if isinstance(value, Enum):
        return _find_unfit(field, value.value)
    is_fit = isinstance(value, _WITH_ONE_FORM)
    return None if is_fit else Refusal("wrong_type", (FieldError(field, _rule_for(value)),), b"")


def _find_unfit_in(field: str, values: Mapping[object, object]) -> Refusal | None:
    for name, value in values.items():
        if type(value) in _PLAIN and type(name) is str:
            continue  # most are
        unfit = _find_unfit(field, name) or _find_unfit(f"{field}.{name}" if field else str(name), value)
        if unfit:
            return unfit
    return None


def _rule_for(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return "must be text, not bytes: decode it"
    if isinstance(value, Decimal):
        return "must be a number or text, not a Decimal: convert it"
    if isinstance(value, AbstractSet):
        return "must be a list, not a set, which has no order"
    return _RULE
