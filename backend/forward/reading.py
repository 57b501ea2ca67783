"""From a Kinesis batch to valid, permitted, distinct events, with every record accounted for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from backend.contract import (
    Event,
    FieldError,
    MalformedAggregate,
    Refusal,
    event_id_of,
    is_aggregated,
    read_event,
    unpack,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


class Arrival(msgspec.Struct, gc=False):
    """An event on its way.

    Attributes
    ----------
    position
        Place in the batch of the Kinesis record that it came in; an aggregated record brings several events.
    event
        The event, its id filled in.
    arrived
        When Kinesis took the record.
    """

    position: int
    event: Event
    arrived: datetime


class BadArrival(msgspec.Struct, gc=False):
    """A record that can never be forwarded.

    Attributes
    ----------
    position
        Place in the batch of the Kinesis record that it came in.
    refusal
        What is wrong with it.
    arrived
        When Kinesis took the record.
    """

    position: int
    refusal: Refusal
    arrived: datetime


@dataclass(slots=True)
class Batch:
    """A Kinesis batch, read.

    Attributes
    ----------
    received
        How many records came, those inside aggregates counted one by one.
    arrivals
        What is to be forwarded, in the order of the stream.
    bad
        What never can be.
    suppressed
        How many must not be forwarded, for want of consent.
    duplicates
        How many came before in the same batch.
    """

    received: int = 0
    arrivals: list[Arrival] = field(default_factory=list)
    bad: list[BadArrival] = field(default_factory=list)
    suppressed: int = 0
    duplicates: int = 0


def read_batch(records: Sequence[dict[str, Any]]) -> Batch:
    """Read the records of a Kinesis event, plain or KPL-aggregated.

    An event's time is judged by the arrival of its record, not by the clock: so a record gets the same verdict however
    often and wherever it is read.

    Parameters
    ----------
    records
        `Records` of a Lambda event from Kinesis.

    Returns
    -------
    Batch
        What came; `received` is the sum of all the rest.
    """
    batch = Batch()
    seen: set[str] = set()
    for position, record in enumerate(records):
        kinesis = record["kinesis"]
        arrived = datetime.fromtimestamp(kinesis["approximateArrivalTimestamp"], UTC)
        # Out of base64, at a third of what the standard library's decoder costs.
        data = msgspec.convert(kinesis["data"], bytes)
        try:
            payloads = unpack(data) if is_aggregated(data) else (data,)
        except MalformedAggregate as error:
            batch.received += 1
            batch.bad.append(BadArrival(position, _malformed(error, data), arrived))
            continue
        batch.received += len(payloads)
        _take(payloads, position, arrived, seen, batch)
    return batch


def _take(payloads: Sequence[bytes], position: int, arrived: datetime, seen: set[str], batch: Batch) -> None:
    """Sort what came in one Kinesis record into the batch."""
    for payload in payloads:
        event = read_event(payload, now=arrived)
        if isinstance(event, Refusal):
            batch.bad.append(BadArrival(position, event, arrived))
        elif event.consent == "denied":
            batch.suppressed += 1
        else:
            event_id = event.event_id = event.event_id or event_id_of(event)
            if event_id in seen:
                batch.duplicates += 1
            else:
                seen.add(event_id)
                batch.arrivals.append(Arrival(position, event, arrived))


def _malformed(error: MalformedAggregate, data: bytes) -> Refusal:
    return Refusal("malformed_aggregate", (FieldError("", f"must be a whole KPL aggregate: {error}"),), data)
