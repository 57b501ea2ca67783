"""What the event log of a dataset group holds: events, rows by their ids, and the ends of datasets."""

from __future__ import annotations

from typing import Any

import msgspec


class EventRecord(msgspec.Struct, array_like=True, tag="event", frozen=True):
    """One event of PutEvents, or one action interaction of PutActionInteractions.

    Attributes
    ----------
    user_id : str or None
        None while the user is known by the session alone.
    time : int
        Epoch seconds, whole, as bulk data have them.
    properties : str or None
        JSON, as it came.
    context : dict or None
        Those of the properties that say in which circumstances it happened, by column.
    """

    event_id: str
    user_id: str | None
    session_id: str
    event_type: str
    item_id: str | None
    time: int
    value: float | None = None
    recommendation_id: str | None = None
    impression: list[str] = []
    properties: str | None = None
    source: str | None = None
    context: dict[str, str] | None = None


class ActionRecord(EventRecord, array_like=True, tag="action", frozen=True):
    """One action interaction of PutActionInteractions; the `item_id` is the action's."""


class RowRecord(msgspec.Struct, array_like=True, tag="row", frozen=True):
    """One item, user or action of PutItems, PutUsers or PutActions; `row` is by column."""

    dataset_type: str
    row_id: str
    row: dict[str, Any]


class EndRecord(msgspec.Struct, array_like=True, tag="end", frozen=True):
    """A dataset was deleted: what was streamed to it before is no more."""

    dataset_type: str


class GapRecord(msgspec.Struct, array_like=True, tag="gap", frozen=True):
    """Here was an interaction of a user who was deleted; its place stays taken, so that later ones keep theirs."""

    of_actions: bool


Record = EventRecord | ActionRecord | RowRecord | EndRecord | GapRecord

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


def encode(record: Record) -> bytes:
    """Return a record as bytes."""
    return _encoder.encode(record)


def decode(payload: bytes) -> Record:
    """Return the record that `encode` was given."""
    return _decoder.decode(payload)
