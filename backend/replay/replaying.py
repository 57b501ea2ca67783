"""The replay itself: selects failed records, reads their events again and puts the valid ones into the stream."""

from __future__ import annotations

from collections import Counter
from datetime import datetime  # noqa: TC003 - the structs need their fields' types
from typing import TYPE_CHECKING

import msgspec

from backend.aws.deadline import Deadline
from backend.collect.stream import Delivery, put_records
from backend.contract import (
    Event,
    Refusal,
    event_id_of,
    group_events,
    may_deny_consent,
    read_streamed_event,
    write_event,
)
from backend.contract.accounting.outcomes import REPLAY
from backend.replay.failed_records import UNREADABLE, FailedRecord
from backend.replay.sources import Position  # noqa: TC001 - the struct needs its fields' types

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_kinesis import KinesisClient

    from backend.replay.sources import Source

PUT_SECONDS = 60.0
"""How long a chunk is retried; the stream's limits are per second."""


class StreamUnavailableError(Exception):
    """The stream did not take events within a minute; the replay can be resumed from before them."""


class Filters(msgspec.Struct, frozen=True):
    """Selects the records to send; an empty tuple and None select all.

    Attributes
    ----------
    since, until
        Limits of the arrival; a record whose arrival is not known is outside of them.
    """

    stages: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def select(self, record: FailedRecord) -> bool:
        """Return whether a record is selected by its stage, its reason and its arrival."""
        if (self.stages and record.stage not in self.stages) or (self.reasons and record.reason not in self.reasons):
            return False
        arrived_at = record.arrived_at
        if arrived_at is None:
            return self.since is None and self.until is None
        return (self.since is None or arrived_at >= self.since) and (self.until is None or arrived_at < self.until)


class Progress(msgspec.Struct):
    """The state of a replay, from which it is resumed.

    Attributes
    ----------
    filters
        Those that it began with.
    finished
        Names of the sources that were read to their end.
    position
        How far the next source was read.
    counts
        Records by outcome, of those that `backend.contract.accounting.outcomes.REPLAY` declares, and refused ones by
        reason.
    """

    started_at: datetime
    filters: Filters
    finished: list[str] = msgspec.field(default_factory=list)
    position: Position | None = None
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    refused: dict[str, int] = msgspec.field(default_factory=dict)


def replay(
    sources: Sequence[Source],
    send: Callable[[list[Event]], None],
    progress: Progress,
    save: Callable[[Progress], None],
) -> dict[str, int]:
    """Send the selected records of all sources, from where the progress says, and return the numbers by outcome.

    The progress is saved after each chunk that was sent, so that a killed replay sends at most a chunk again, with the
    same event ids.

    Raises
    ------
    StreamUnavailableError
        Where the stream does not take a chunk; the saved progress is before it.
    """
    for source in sources:
        if source.name in progress.finished:
            continue
        for chunk in source.chunks(progress.position):
            outcomes, refused, events = _read(chunk.records, progress.filters, progress.started_at)
            if events:
                send(events)
            progress.counts = dict(Counter(progress.counts) + outcomes)
            progress.refused = dict(Counter(progress.refused) + refused)
            progress.position = chunk.position
            save(progress)
        progress.finished.append(source.name)
        progress.position = None
        save(progress)
    read = sum(progress.counts.values())
    return REPLAY.account({"read": read, **dict.fromkeys(REPLAY.outcomes, 0), **progress.counts})


def put_events(events: list[Event], client: KinesisClient, stream: str) -> None:
    """Put events into the stream as collect does, a user's events together and in order.

    Raises
    ------
    StreamUnavailableError
        Where some could not be put within a minute.
    """
    lines = [(index, event.user_id or event.session_id or "", write_event(event)) for index, event in enumerate(events)]
    records = group_events(lines)
    deliveries = put_records(records, client, stream, Deadline.after(PUT_SECONDS))
    failed = sum(delivery is not Delivery.DELIVERED for delivery in deliveries)
    if failed:
        raise StreamUnavailableError(f"{stream} did not take {failed} of {len(records)} records in {PUT_SECONDS:g} s")


def _read(
    records: Sequence[FailedRecord], filters: Filters, now: datetime
) -> tuple[Counter[str], Counter[str], list[Event]]:
    """Return the number of records by outcome, the reasons of the refusals, and the events to send."""
    outcomes: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    events: list[Event] = []
    for record in records:
        read = _outcome(record, filters, now)
        if isinstance(read, Event):
            outcomes["sent"] += 1
            events.append(read)
        elif isinstance(read, Refusal):
            outcomes["refused"] += 1
            refused[read.reason] += 1
        else:
            outcomes[read] += 1
    return outcomes, refused, events


def _outcome(record: FailedRecord, filters: Filters, now: datetime) -> Event | Refusal | str:
    """Return the event to send, why it is refused again, or the name of the outcome."""
    if not filters.select(record):
        return "filtered"
    if record.reason == UNREADABLE:
        return Refusal(UNREADABLE, (), b"")
    if not record.payload:
        return "redacted"
    return _read_event(record.payload, filters.event_types, now)


def _read_event(payload: bytes, event_types: tuple[str, ...], now: datetime) -> Event | Refusal | str:
    event = read_streamed_event(payload, arrived_at=now)
    if may_deny_consent(payload) if isinstance(event, Refusal) else event.consent == "denied":
        return "suppressed"
    if event_types and (isinstance(event, Refusal) or event.event_type not in event_types):
        return "filtered"
    if not isinstance(event, Refusal):
        event.event_id = event_id_of(event)
    return event
