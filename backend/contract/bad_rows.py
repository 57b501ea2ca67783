"""A refused record as one line of the bad rows: why, and its bytes, so that it can be repaired and sent again."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec

from backend.contract.instants import write_instant
from backend.contract.limits import MAX_ID_LENGTH
from backend.contract.refusal import FieldError, Refusal  # noqa: TC001 - the struct needs its fields' types

if TYPE_CHECKING:
    from datetime import datetime


class BadRow(msgspec.Struct, omit_defaults=True):
    """One line of the bad rows.

    Attributes
    ----------
    source
        The function that refused it.
    reason
        The first broken rule's kind.
    errors
        Every broken rule.
    payload
        The record's bytes in base64.
    received_at
        When it was refused, RFC 3339 in UTC.
    event_id
        The id it names, where one can be read.
    """

    source: str
    reason: str
    errors: tuple[FieldError, ...]
    payload: str
    received_at: str
    event_id: str | None = None


class _Named(msgspec.Struct):
    event_id: str | None = None


class _Consenting(msgspec.Struct):
    consent: str | None = None


_encode = msgspec.json.Encoder().encode
_named = msgspec.json.Decoder(_Named).decode
_consenting = msgspec.json.Decoder(_Consenting).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def bad_row(source: str, refusal: Refusal, received_at: datetime) -> bytes:
    """Return a refused record as one JSON line, its end included.

    Parameters
    ----------
    source
        The function that refused it, such as ``collect``.
    refusal
        What was wrong, and the bytes.
    received_at
        When it came.

    Returns
    -------
    bytes
        One line.
    """
    row = BadRow(
        source=source,
        reason=refusal.reason,
        errors=refusal.errors,
        payload=base64.b64encode(refusal.payload).decode(),
        received_at=write_instant(received_at),
        event_id=_event_id(refusal.payload),
    )
    return _encode(row) + b"\n"


def denies_consent(refusal: Refusal) -> bool:
    """Say whether a refused record can be read to deny consent, and so must not be kept, broken as it is.

    Parameters
    ----------
    refusal
        What was refused.

    Returns
    -------
    bool
        False also where nothing can be read.
    """
    try:
        return _consenting(refusal.payload).consent == "denied"
    except _UNREADABLE:
        return False


def _event_id(payload: bytes) -> str | None:
    try:
        event_id = _named(payload).event_id
    except _UNREADABLE:
        return None
    return event_id if event_id and len(event_id) <= MAX_ID_LENGTH else None
