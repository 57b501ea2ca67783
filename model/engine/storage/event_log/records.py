"""Records of the event log: streamed events, streamed rows, deletions of datasets, and gaps left by erasure."""

from __future__ import annotations

from typing import Any

import msgspec


class EventRecord(msgspec.Struct, array_like=True, tag="event", frozen=True):
    """One event of PutEvents, or one action interaction of PutActionInteractions.

    Attributes
    ----------
    user_id : str or None
        None while only the session is known.
    time : int
        Epoch seconds, whole, as in imported data.
    properties : str or None
        JSON as the client sent it.
    context : dict or None
        The categorical properties, by column: the circumstances of the event.
    arrived : int or None
        When it was stored, in epoch seconds, if `time` was far in the future then: a clock that runs ahead.
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
    arrived: int | None = None

    @property
    def counted_time(self) -> int:
        """The time as of which it counts: an event far in the future must not stay its user's newest for years."""
        return self.time if self.arrived is None else self.arrived


class ActionRecord(EventRecord, array_like=True, tag="action", frozen=True):
    """One action interaction of PutActionInteractions; `item_id` is the action's id."""


class RowRecord(msgspec.Struct, array_like=True, tag="row", frozen=True):
    """One item, user or action of PutItems, PutUsers or PutActions; `row` is by column."""

    dataset_type: str
    row_id: str
    row: dict[str, Any]


class EndRecord(msgspec.Struct, array_like=True, tag="end", frozen=True):
    """The deletion of a dataset: the records that were streamed to it before no longer count."""

    dataset_type: str


class GapRecord(msgspec.Struct, array_like=True, tag="gap", frozen=True):
    """Replaces an interaction of an erased user, so that later interactions keep their places."""

    of_actions: bool


Record = EventRecord | ActionRecord | RowRecord | EndRecord | GapRecord

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


def encode(record: Record) -> bytes:
    """Return a record as bytes."""
    return _encoder.encode(record)


def decode(payload: bytes) -> Record:
    """Return the record that `encode` wrote."""
    return _decoder.decode(payload)
