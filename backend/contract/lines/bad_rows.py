"""A refused record as one line of the bad rows, with the reasons and its bytes, to be repaired and sent again."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec

from backend.contract.instants import write_instant
from backend.contract.limits import MAX_ID_LENGTH
from backend.contract.refusal import FieldError, Refusal  # noqa: TC001 - the struct needs its fields' types

if TYPE_CHECKING:
    from datetime import datetime


SCHEMA_VERSION = "1"
"""Rows without a version were written before rows had one, and have the same fields otherwise."""


class BadRow(msgspec.Struct, omit_defaults=True):
    """One line of the bad rows.

    Attributes
    ----------
    schema_version
        Version of this form.
    reason
        The first broken rule's kind.
    payload
        The record's bytes in base64.
    received_at
        When it arrived, RFC 3339 in UTC.
    """

    schema_version: str
    source: str
    reason: str
    errors: tuple[FieldError, ...]
    payload: str
    received_at: str
    event_id: str | None = None


class _EventIdField(msgspec.Struct):
    event_id: str | None = None


_encode = msgspec.json.Encoder().encode
_decode_event_id = msgspec.json.Decoder(_EventIdField).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def bad_row(source: str, refusal: Refusal, received_at: datetime) -> bytes:
    """Return a refused record as one JSON line with its line end."""
    row = BadRow(
        schema_version=SCHEMA_VERSION,
        source=source,
        reason=refusal.reason,
        errors=refusal.errors,
        payload=base64.b64encode(refusal.payload).decode(),
        received_at=write_instant(received_at),
        event_id=_event_id(refusal.payload),
    )
    return _encode(row) + b"\n"


def _event_id(payload: bytes) -> str | None:
    try:
        event_id = _decode_event_id(payload).event_id
    except _UNREADABLE:
        return None
    return event_id if event_id and len(event_id) <= MAX_ID_LENGTH else None
