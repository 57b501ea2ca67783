"""A Kinesis batch to valid, permitted, distinct events; every record is counted once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from backend.contract import (
    Event,
    FieldError,
    MalformedAggregateError,
    Refusal,
    deaggregate_records,
    event_id_of,
    is_aggregated,
    may_deny_consent,
    read_streamed_events,
)
from backend.contract.rules.event_types import FORWARDED_TYPES
from backend.contract.rules.identity import forwarded_type
from backend.forward.identity import user_of

if TYPE_CHECKING:
    from collections.abc import Sequence


# The tracker and the data sets keep the first of several events with one id.
_OTHER_USERS_ID = FieldError("event_id", "must not be the id of another user's event")


class ReceivedEvent(msgspec.Struct, gc=False):
    """An event from the stream.

    Attributes
    ----------
    position
        Position in the batch of its Kinesis record; an aggregated record holds several events.
    arrived_at
        When Kinesis accepted the record.
    """

    position: int
    event: Event
    arrived_at: datetime


class BadRecord(msgspec.Struct, gc=False):
    """A record that can never be forwarded."""

    position: int
    refusal: Refusal
    arrived_at: datetime


@dataclass(slots=True)
class Batch:
    """A Kinesis batch after validation.

    Attributes
    ----------
    received
        Number of records, those inside aggregates counted one by one; the sum of all the others.
    not_forwarded
        Number of events that the event tracker does not get: of other types, without a user or without a session.
    duplicates
        Number of events whose id an event of the same user has earlier in the batch.
    """

    received: int = 0
    events: list[ReceivedEvent] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)
    suppressed: int = 0
    not_forwarded: int = 0
    duplicates: int = 0


def read_batch(records: Sequence[dict[str, Any]]) -> Batch:
    """Read and validate the records of a Kinesis event, plain or KPL-aggregated.

    An event's time is validated against the arrival of its record, not against the clock, so that a record has the
    same outcome whenever and wherever it is read.
    """
    batch = Batch()
    seen: dict[str, Event] = {}
    for position, record in enumerate(records):
        kinesis = record["kinesis"]
        arrived_at = datetime.fromtimestamp(kinesis["approximateArrivalTimestamp"], UTC)
        try:
            payloads = _payloads_of(kinesis["data"])
        except MalformedAggregateError as error:
            batch.received += 1
            data = msgspec.convert(kinesis["data"], bytes)
            batch.bad.append(BadRecord(position, _malformed("malformed_aggregate", error, data), arrived_at))
        except msgspec.ValidationError as error:
            batch.received += 1
            data = str(kinesis["data"]).encode()
            batch.bad.append(BadRecord(position, _malformed("malformed_base64", error, data), arrived_at))
        else:
            batch.received += len(payloads)
            _add_events(payloads, position, arrived_at, seen, batch)
    return batch


def _payloads_of(encoded: str) -> Sequence[bytes]:
    # msgspec decodes base64 at a third of the standard library's cost.
    data = msgspec.convert(encoded, bytes)
    return deaggregate_records(data) if is_aggregated(data) else (data,)


def _add_events(
    payloads: Sequence[bytes], position: int, arrived_at: datetime, seen: dict[str, Event], batch: Batch
) -> None:
    """Validate the payloads of one Kinesis record and add each to the batch under its outcome."""
    for payload, event in zip(payloads, read_streamed_events(payloads, arrived_at=arrived_at), strict=True):
        if isinstance(event, Refusal):
            if may_deny_consent(payload):
                batch.suppressed += 1
            else:
                batch.bad.append(BadRecord(position, event, arrived_at))
        elif event.consent == "denied":
            batch.suppressed += 1
        elif event.event_type not in FORWARDED_TYPES and forwarded_type(event) is None:
            batch.not_forwarded += 1
        else:
            event_id = event.event_id = event.event_id or event_id_of(event)
            earlier = seen.get(event_id)
            if earlier is None:
                seen[event_id] = event
                batch.events.append(ReceivedEvent(position, event, arrived_at))
            elif user_of(earlier) == user_of(event):
                batch.duplicates += 1
            else:
                refusal = Refusal("ambiguous_id", (_OTHER_USERS_ID,), payload)
                batch.bad.append(BadRecord(position, refusal, arrived_at))


def _malformed(reason: str, error: Exception, data: bytes) -> Refusal:
    kind = "a whole KPL aggregate" if reason == "malformed_aggregate" else "base64"
    return Refusal(reason, (FieldError("", f"must be {kind}: {error}"),), data)
