"""Events as callers give them, to the bytes that are sent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

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
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def encode_event(event: GivenEvent, clock: Clock) -> tuple[Entry, bool] | Refusal:
    """Return a valid event in its canonical form and whether it denies consent, or the rules that it breaks.

    An event without a timestamp gets the time of now, and one without an id the id that the API would derive: an event
    that is sent twice, by whichever process, has the same id.
    """
    now = clock.now()
    is_stamped = isinstance(event, Mapping) and event.get("timestamp") is None
    if is_stamped:
        event = {**event, "timestamp": now}  # type: ignore[dict-item]
    payload = event if isinstance(event, bytes) else _json(event)
    if isinstance(payload, Refusal):
        return payload
    read = read_event(payload, now=now)
    if isinstance(read, Refusal):
        return read
    read.received_at = read.producer = None  # for the API to set
    read.event_id = event_id_of(read)
    user = read.user_id or read.session_id or ""
    return Entry(write_event(read), user, read.event_id, is_stamped=is_stamped), read.consent == "denied"


def wrap_payload(event: GivenEvent) -> Entry:
    """Return an event as it is, for the server to validate."""
    payload = event if isinstance(event, bytes) else _encode(event)
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


def _is_json(payload: bytes) -> bool:
    try:
        _any_json(payload)
    except _UNREADABLE:
        return False
    return True


def _json(event: Event | Mapping[str, object]) -> bytes | Refusal:
    try:
        payload = _encode(event)
    except (TypeError, ValueError, OverflowError, RecursionError):
        rule = "must hold strings, numbers, true, false, null, lists and times only"
        return Refusal("wrong_type", (FieldError("", rule),), b"")
    # JSON has no NaN, so the encoder writes null, which would leave out the value silently.
    if b"null" in payload and (field := _find_non_finite(event)):
        return Refusal("out_of_range", (FieldError(field, "must be a finite number"),), b"")
    return payload


def _find_non_finite(event: Event | Mapping[str, object]) -> str | None:
    fields = event if isinstance(event, Mapping) else msgspec.structs.asdict(event)
    for name, value in fields.items():
        if isinstance(value, float) and not math.isfinite(value):
            return str(name)
        if isinstance(value, Mapping) and (inner := _find_non_finite(value)):
            return f"{name}.{inner}"
    return None
