"""One batch from the stream to the tracker, with every record ending in exactly one outcome."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.forward.bad_rows import keep
from backend.forward.delivery import Checkpoint, deliver
from backend.forward.grouping import group
from backend.forward.history import remember
from backend.forward.reading import BadArrival, read_batch
from backend.forward.tracker import Handed, Tracker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_personalize_events import PersonalizeEventsClient
    from mypy_boto3_s3 import S3Client

    from backend.forward.patience import Patience
    from backend.forward.reading import Arrival, Batch
    from backend.forward.tracking_id import TrackingId

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What a batch passes through.

    Attributes
    ----------
    events, dynamodb, s3
        Clients, none of which retries by itself.
    tracking_id
        Which tracker.
    history_table, history_days
        Where events are remembered, and for how long.
    bad_rows_bucket
        Where bad rows are kept.
    """

    events: PersonalizeEventsClient
    dynamodb: DynamoDBClient
    s3: S3Client
    tracking_id: TrackingId
    history_table: str
    history_days: int
    bad_rows_bucket: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch.

    Attributes
    ----------
    received
        Records that came, those inside aggregates counted one by one.
    forwarded, bad, duplicate, suppressed, retried
        What became of them; `retried` come again.
    calls
        Calls that the tracker took.
    bad_by_reason
        The bad ones by reason.
    first_failed
        Sequence number of the first Kinesis record that must come again, with all after it; None where all is done.
    """

    received: int
    forwarded: int
    bad: int
    duplicate: int
    suppressed: int
    retried: int
    calls: int
    bad_by_reason: Mapping[str, int]
    first_failed: str | None

    @property
    def unaccounted(self) -> int:
        """Records without an outcome, or with two: never anything but zero, or the code is wrong."""
        return self.received - (self.forwarded + self.bad + self.duplicate + self.suppressed + self.retried)


def forward(records: Sequence[dict[str, Any]], services: Services, patience: Patience) -> Outcome:
    """Forward a batch: bad rows and history are written before any of it is acknowledged.

    Parameters
    ----------
    records
        `Records` of a Lambda event from Kinesis.
    services
        What the batch passes through.
    patience
        How long to insist.

    Returns
    -------
    Outcome
        What became of it.
    """
    batch = read_batch(records)
    checkpoint = Checkpoint()
    handed = _hand_over(batch, services, patience, checkpoint)
    forgotten = remember(handed.forwarded, services.dynamodb, services.history_table, services.history_days, patience)
    checkpoint.hold_back(arrival.position for arrival in forgotten)
    bad = batch.bad + [BadArrival(found.position, refusal, found.arrived) for found, refusal in handed.refused]
    kept = _keep_bad_rows(bad, services, patience, checkpoint)
    return Outcome(
        received=batch.received,
        forwarded=len(handed.forwarded) - len(forgotten),
        bad=kept.total(),
        duplicate=batch.duplicates,
        suppressed=batch.suppressed,
        retried=len(handed.left) + len(forgotten) + len(bad) - kept.total(),
        calls=handed.calls,
        bad_by_reason=kept,
        first_failed=None if checkpoint.position is None else records[checkpoint.position]["kinesis"]["sequenceNumber"],
    )


def _hand_over(batch: Batch, services: Services, patience: Patience, checkpoint: Checkpoint) -> Handed:
    tracking_id = services.tracking_id.find() if batch.arrivals else None
    if tracking_id is None:
        return _leave(batch.arrivals, checkpoint)
    handed = deliver(group(batch.arrivals), Tracker(services.events, tracking_id, patience), checkpoint)
    # What a tracker refuses that no longer is the tracker says nothing about the events.
    changed = (handed.tracker_unknown or bool(handed.refused)) and services.tracking_id.has_changed()
    if changed or handed.tracker_unknown:
        _logger.warning("the tracker is gone or was made anew; what it refused comes again")
        handed.left += (arrival for arrival, _ in handed.refused)
        handed.refused = []
        checkpoint.hold_back(arrival.position for arrival in handed.left)
    return handed


def _leave(arrivals: list[Arrival], checkpoint: Checkpoint) -> Handed:
    checkpoint.hold_back(arrival.position for arrival in arrivals)
    return Handed(left=arrivals)


def _keep_bad_rows(
    bad: Sequence[BadArrival], services: Services, patience: Patience, checkpoint: Checkpoint
) -> Counter[str]:
    """Keep the bad rows that will not come again, and count them by reason; those that will are kept when they do."""
    final = sorted((row for row in bad if not checkpoint.is_before(row.position)), key=lambda row: row.position)
    if keep(final, services.s3, services.bad_rows_bucket, patience):
        return Counter(row.refusal.reason for row in final)
    checkpoint.hold_back(row.position for row in final)
    return Counter()
