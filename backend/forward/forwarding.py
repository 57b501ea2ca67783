"""A batch from the stream to the tracker; every record has exactly one outcome."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from backend.aws.bad_rows import put_bad_rows
from backend.aws.batch_write import MAX_WRITES_PER_CALL
from backend.aws.retries import CallRefusedError, RetriesExhaustedError, call_with_retries
from backend.contract.accounting.outcomes import FORWARD, UNACCOUNTED
from backend.forward.control import Control
from backend.forward.delivery import Checkpoint, DeliveryOutcome, deliver
from backend.forward.grouping import group_into_calls
from backend.forward.history import CALL_SECONDS, EVENTS_PER_LOOKUP, History
from backend.forward.pool import ThreadPool, finish_all
from backend.forward.reading import BadRecord, read_batch
from backend.forward.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_personalize_events import PersonalizeEventsClient
    from mypy_boto3_s3 import S3Client

    from backend.aws.deadline import Deadline
    from backend.contract import Refusal
    from backend.forward.pool import Pool
    from backend.forward.reading import Batch, ReceivedEvent
    from backend.forward.tracking_id import TrackingId

SOURCE = "forward"

STORING_SECONDS = 2 * CALL_SECONDS + 1
"""Time kept after the last call to the tracker: for the rest of the history, and for the bad rows."""

REDELIVERED_SECONDS = 5
"""Age of a record from which an earlier invocation may have delivered a part of it."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ForwardDependencies:
    """Clients, none of which retries by itself, and the names of their resources.

    Attributes
    ----------
    calls_per_second
        This invocation's share of the tracker's quota.
    now
        The time in epoch seconds.
    """

    events: PersonalizeEventsClient
    dynamodb: DynamoDBClient
    s3: S3Client
    tracking_id: TrackingId
    history_table: str
    history_days: int
    bad_rows_bucket: str
    calls_per_second: float = 1000
    control: Control = field(default_factory=Control)
    pool: Callable[[], AbstractContextManager[Pool]] = ThreadPool
    now: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The outcomes of the records of a batch.

    Attributes
    ----------
    received
        Number of records, those inside aggregates counted one by one.
    forwarded, not_forwarded, settled, bad, duplicate, suppressed, retried
        Number of records with each outcome of `backend.contract.accounting.outcomes.FORWARD`.
    held_back
        Number of the retried events that wait since the tracker accepts nothing.
    calls, failed_calls
        Number of PutEvents requests.
    first_failed
        Sequence number of the first Kinesis record to be redelivered, with all after it; None where none is.
    """

    received: int
    forwarded: int
    not_forwarded: int
    settled: int
    bad: int
    duplicate: int
    suppressed: int
    retried: int
    held_back: int
    calls: int
    failed_calls: int
    bad_by_reason: Mapping[str, int]
    first_failed: str | None

    @property
    def counts(self) -> dict[str, int]:
        """The received records, those with each outcome, and the unaccounted ones."""
        return FORWARD.account({name: getattr(self, name) for name in (FORWARD.received, *FORWARD.outcomes)})

    @property
    def unaccounted(self) -> int:
        """Records without an outcome, or with two; anything but zero is an error in the code."""
        return self.counts[UNACCOUNTED]


def forward_batch(
    records: Sequence[dict[str, Any]], dependencies: ForwardDependencies, deadline: Deadline
) -> BatchOutcome:
    """Forward the `Records` of a Lambda event; history and bad rows are written before any record is acknowledged."""
    batch = read_batch(records)
    checkpoint = Checkpoint()
    with dependencies.pool() as pool:
        delivery = _deliver(batch, dependencies, deadline, pool)
        checkpoint.hold_back(received.position for received in delivery.unsent)
        # What is bad in a redelivered record is found again then. To find what the tracker refuses takes calls, so that
        # is stored now, unless the record is so young that it would not be looked up.
        latest = dependencies.now() - REDELIVERED_SECONDS
        refused = [
            pair
            for pair in delivery.refused
            if not checkpoint.includes(pair[0].position) or pair[0].arrived_at.timestamp() <= latest
        ]
        stored = _store_bad_rows(batch, refused, dependencies, deadline, checkpoint)
        if stored:
            again = [pair for pair in refused if checkpoint.includes(pair[0].position)]
            _note_refused(again, dependencies, deadline, pool, stored)
    return BatchOutcome(
        received=batch.received,
        forwarded=len(delivery.forwarded),
        not_forwarded=batch.not_forwarded,
        settled=delivery.settled,
        bad=stored.total(),
        duplicate=batch.duplicates,
        suppressed=batch.suppressed,
        retried=len(delivery.unsent) + len(batch.bad) + len(delivery.refused) - stored.total(),
        held_back=delivery.held_back,
        calls=delivery.calls,
        failed_calls=delivery.failed_calls,
        bad_by_reason=stored,
        first_failed=None if checkpoint.position is None else records[checkpoint.position]["kinesis"]["sequenceNumber"],
    )


def _deliver(batch: Batch, dependencies: ForwardDependencies, deadline: Deadline, pool: Pool) -> DeliveryOutcome:
    tracking_id = dependencies.tracking_id.read() if batch.events else None
    if tracking_id is None:
        return DeliveryOutcome(unsent=batch.events)
    # The bad rows need some time after the history.
    history = _history(dependencies, tracking_id, deadline.earlier(CALL_SECONDS))
    settled = _find_settled(batch.events, history, dependencies.now(), pool)
    events = [received for received in batch.events if id(received) not in settled]
    tracker = Tracker(dependencies.events, tracking_id, deadline.earlier(STORING_SECONDS), dependencies.now)
    outcome = deliver(
        group_into_calls(events), tracker, history, dependencies.control, pool, dependencies.calls_per_second
    )
    outcome.settled = len(settled)
    # A tracker that was replaced meanwhile may refuse events that its successor accepts.
    is_replaced = (outcome.is_tracker_unknown or bool(outcome.refused)) and dependencies.tracking_id.has_changed()
    if is_replaced or outcome.is_tracker_unknown:
        _logger.warning("the tracker was deleted or replaced; the events that it refused are retried")
        outcome.unsent += (received for received, _ in outcome.refused)
        outcome.refused = []
    return outcome


def _history(dependencies: ForwardDependencies, tracking_id: str, deadline: Deadline) -> History:
    return History(dependencies.dynamodb, dependencies.history_table, dependencies.history_days, tracking_id, deadline)


def _find_settled(events: Sequence[ReceivedEvent], history: History, now: float, pool: Pool) -> set[int]:
    """Return the identities of the events that an earlier delivery of their record has settled."""
    old = [received for received in events if now - received.arrived_at.timestamp() >= REDELIVERED_SECONDS]
    settled: set[int] = set()

    def look_up(chunk: Sequence[ReceivedEvent]) -> Callable[[], None]:
        return partial(settled.update, [id(received) for received in history.find_settled(chunk)])

    for start in range(0, len(old), EVENTS_PER_LOOKUP):
        pool.start(partial(look_up, old[start : start + EVENTS_PER_LOOKUP]))
    finish_all(pool)
    return settled


def _store_bad_rows(
    batch: Batch,
    refused: Sequence[tuple[ReceivedEvent, Refusal]],
    dependencies: ForwardDependencies,
    deadline: Deadline,
    checkpoint: Checkpoint,
) -> Counter[str]:
    """Write the bad records that are not redelivered, and refused events, and count the reasons."""
    final = [row for row in batch.bad if not checkpoint.includes(row.position)]
    final += [BadRecord(received.position, refusal, received.arrived_at) for received, refusal in refused]
    if not final:
        return Counter()
    final.sort(key=lambda row: row.position)
    rows = [(row.refusal, row.arrived_at) for row in final]
    try:
        call_with_retries(
            lambda: put_bad_rows(rows, dependencies.s3, dependencies.bad_rows_bucket, SOURCE),
            deadline,
            seconds=CALL_SECONDS,
        )
    except (RetriesExhaustedError, CallRefusedError):
        checkpoint.hold_back(row.position for row in final)
        return Counter()
    return Counter(row.refusal.reason for row in final)


def _note_refused(
    refused: Sequence[tuple[ReceivedEvent, Refusal]],
    dependencies: ForwardDependencies,
    deadline: Deadline,
    pool: Pool,
    stored: Counter[str],
) -> None:
    """Note that stored events need not be sent again; one that is not noted does not count as stored."""
    tracking_id = dependencies.tracking_id.read() if refused else None
    if tracking_id is None:
        return
    history = _history(dependencies, tracking_id, deadline)

    def note(chunk: Sequence[tuple[ReceivedEvent, Refusal]]) -> Callable[[], None]:
        is_noted = history.write_refused([received for received, _ in chunk])
        return partial(stored.subtract, () if is_noted else [refusal.reason for _, refusal in chunk])

    for start in range(0, len(refused), MAX_WRITES_PER_CALL):
        pool.start(partial(note, refused[start : start + MAX_WRITES_PER_CALL]))
    finish_all(pool)
