"""Read events to verdicts: the good into the stream, the refused to the bad rows, those without consent nowhere."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from backend.collect.bad_rows import keep
from backend.collect.grouping import group
from backend.collect.stream import Delivery, deliver
from backend.collect.verdicts import NO_CONSENT, NOT_STORED, STREAM_THROTTLED, Verdict, count
from backend.contract import Event, Refusal, event_id_of, write_event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from backend.collect.services import Patience, Services

_REASONS = {Delivery.THROTTLED: STREAM_THROTTLED, Delivery.FAILED: NOT_STORED}

_logger = logging.getLogger(__name__)


def take_events(
    events: Sequence[Event | Refusal], services: Services, patience: Patience, name: str, now: datetime
) -> list[Verdict]:
    """Take events, and say of each what became of it.

    Parameters
    ----------
    events
        As they were read.
    services
        Where they go.
    patience
        How long to insist where the stream refuses.
    name
        What the bad rows' object is called.
    now
        When the events came.

    Returns
    -------
    list[Verdict]
        By position; `accepted` only what Kinesis has.
    """
    verdicts: dict[int, Verdict] = {}
    good: list[tuple[int, str, bytes]] = []
    refused: list[Refusal] = []
    for index, event in enumerate(events):
        if isinstance(event, Refusal):
            refused.append(event)
            verdicts[index] = Verdict(index, "refused", errors=event.errors, reason=event.reason)
        elif event.consent == "denied":
            verdicts[index] = Verdict(index, "suppressed", event_id=event_id_of(event), reason=NO_CONSENT)
        else:
            event.event_id = event_id_of(event)
            event.received_at = now
            good.append((index, event.user_id or event.session_id or "", write_event(event)))
    _deliver(good, events, verdicts, services, patience)
    keep(refused, services, name, now)
    said = [verdicts[index] for index in sorted(verdicts)]
    tally(said, len(events), services)
    return said


def tally(verdicts: Sequence[Verdict], received: int, services: Services) -> None:
    """Count what became of a request's records, and that each became something.

    Parameters
    ----------
    verdicts
        What became of them.
    received
        How many there were.
    services
        Where it is counted.
    """
    counts = count(verdicts)
    services.count("received", received)
    services.count("accepted", counts["accepted"])
    services.count("bad", counts["refused"])
    services.count("suppressed", counts["suppressed"])
    services.count("retried", counts["retry"])
    for verdict in verdicts:
        if verdict.status == "refused":
            services.count(f"bad_{verdict.reason}", 1)
    unaccounted = received - sum(counts.values())
    services.count("unaccounted", unaccounted)
    if unaccounted:
        _logger.error("%d records have no outcome, or more than one", unaccounted)


def _deliver(
    good: list[tuple[int, str, bytes]],
    events: Sequence[Event | Refusal],
    verdicts: dict[int, Verdict],
    services: Services,
    patience: Patience,
) -> None:
    if not good:
        return
    records = group(good)
    deliveries = deliver(records, services.kinesis, services.stream, patience)
    for record, delivery in zip(records, deliveries, strict=True):
        for index in record.events:
            event = events[index]
            event_id = event.event_id if isinstance(event, Event) else None
            if delivery is Delivery.DELIVERED:
                verdicts[index] = Verdict(index, "accepted", event_id=event_id)
            else:
                verdicts[index] = Verdict(index, "retry", event_id=event_id, reason=_REASONS[delivery])
