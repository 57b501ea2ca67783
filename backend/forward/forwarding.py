"""A batch from the stream to the tracker; every record has exactly one outcome."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.aws.bad_rows import put_bad_rows
from backend.aws.retries import CallRefusedError, RetriesExhaustedError, call_with_retries
from backend.forward.delivery import Checkpoint, deliver
from backend.forward.grouping import group_into_calls
from backend.forward.history import write_history
from backend.forward.reading import BadRecord, read_batch
from backend.forward.tracker import DeliveryOutcome, Tracker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_personalize_events import PersonalizeEventsClient
    from mypy_boto3_s3 import S3Client

    from backend.aws.deadline import Deadline
    from backend.forward.reading import Batch
    from backend.forward.tracking_id import TrackingId

SOURCE = "forward"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ForwardDependencies:
    """Clients, none of which retries by itself, and the names of their resources."""

    events: PersonalizeEventsClient
    dynamodb: DynamoDBClient
    s3: S3Client
    tracking_id: TrackingId
    history_table: str
    history_days: int
    bad_rows_bucket: str


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The outcomes of the records of a batch.

    Attributes
    ----------
    received
        Number of records, those inside aggregates counted one by one.
    forwarded, bad, duplicate, suppressed, retried
        Number of records with each outcome; `retried` ones are redelivered.
    first_failed
        Sequence number of the first Kinesis record to be redelivered, with all after it; None where none is.
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
        """Records without an outcome, or with two; anything but zero is an error in the code."""
        return self.received - (self.forwarded + self.bad + self.duplicate + self.suppressed + self.retried)


def forward_batch(
    records: Sequence[dict[str, Any]], dependencies: ForwardDependencies, deadline: Deadline
) -> BatchOutcome:
    """Forward the `Records` of a Lambda event; history and bad rows are written before any record is acknowledged."""
    batch = read_batch(records)
    checkpoint = Checkpoint()
    delivery = _deliver(batch, dependencies, deadline, checkpoint)
    unwritten = write_history(
        delivery.forwarded, dependencies.dynamodb, dependencies.history_table, dependencies.history_days, deadline
    )
    checkpoint.hold_back(received.position for received in unwritten)
    bad = batch.bad + [
        BadRecord(received.position, refusal, received.arrived_at) for received, refusal in delivery.refused
    ]
    stored = _store_bad_rows(bad, dependencies, deadline, checkpoint)
    return BatchOutcome(
        received=batch.received,
        forwarded=len(delivery.forwarded) - len(unwritten),
        bad=stored.total(),
        duplicate=batch.duplicates,
        suppressed=batch.suppressed,
        retried=len(delivery.unsent) + len(unwritten) + len(bad) - stored.total(),
        calls=delivery.calls,
        bad_by_reason=stored,
        first_failed=None if checkpoint.position is None else records[checkpoint.position]["kinesis"]["sequenceNumber"],
    )


def _deliver(
    batch: Batch, dependencies: ForwardDependencies, deadline: Deadline, checkpoint: Checkpoint
) -> DeliveryOutcome:
    tracking_id = dependencies.tracking_id.read() if batch.events else None
    if tracking_id is None:
        checkpoint.hold_back(received.position for received in batch.events)
        return DeliveryOutcome(unsent=batch.events)
    tracker = Tracker(dependencies.events, tracking_id, deadline)
    outcome = deliver(group_into_calls(batch.events), tracker, checkpoint)
    # A tracker that was replaced meanwhile may refuse events that its successor accepts.
    is_replaced = (outcome.is_tracker_unknown or bool(outcome.refused)) and dependencies.tracking_id.has_changed()
    if is_replaced or outcome.is_tracker_unknown:
        _logger.warning("the tracker was deleted or replaced; the events that it refused are retried")
        outcome.unsent += (received for received, _ in outcome.refused)
        outcome.refused = []
        checkpoint.hold_back(received.position for received in outcome.unsent)
    return outcome


def _store_bad_rows(
    bad: Sequence[BadRecord], dependencies: ForwardDependencies, deadline: Deadline, checkpoint: Checkpoint
) -> Counter[str]:
    """Write the bad rows that will not be redelivered, and count them by reason; the others are written then."""
    final = sorted((row for row in bad if not checkpoint.includes(row.position)), key=lambda row: row.position)
    if not final:
        return Counter()
    rows = [(row.refusal, row.arrived_at) for row in final]
    try:
        call_with_retries(lambda: put_bad_rows(rows, dependencies.s3, dependencies.bad_rows_bucket, SOURCE), deadline)
    except (RetriesExhaustedError, CallRefusedError):
        checkpoint.hold_back(row.position for row in final)
        return Counter()
    return Counter(row.refusal.reason for row in final)
