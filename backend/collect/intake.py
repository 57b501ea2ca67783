"""Validated events to verdicts: accepted events go to the stream, refused ones to the bad rows."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from backend.aws.bad_rows import put_bad_rows, storable_rows
from backend.aws.errors import error_name
from backend.aws.queued_rows import queue_bad_rows
from backend.aws.retries import CallRefusedError, RetriesExhaustedError, call_with_retries
from backend.collect.body import read_body
from backend.collect.stream import Delivery, put_records
from backend.collect.verdicts import NO_CONSENT, NOT_STORED, STREAM_THROTTLED, RecordVerdict, count_statuses
from backend.contract import FieldError, Refusal, event_id_of, group_events, write_event
from backend.contract.accounting.outcomes import COLLECT, UNACCOUNTED
from backend.http import BadRequestError, TooLargeError
from backend.upload.report import CALL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from backend.collect.submission import Submission
    from backend.collect.verdicts import Status
    from backend.contract import BodyRefusedError, Event
    from backend.http import Request

SOURCE = "collect"

_OUTCOMES: dict[Status, str] = {
    "accepted": "accepted",
    "refused": "bad",
    "suppressed": "suppressed",
    "retry": "retried",
}

BAD_ROWS_SECONDS = 2 * CALL_SECONDS + 1
"""The longest that refused records take: into the bucket, then into the queue."""

_REASONS = {Delivery.THROTTLED: STREAM_THROTTLED, Delivery.FAILED: NOT_STORED}

_logger = logging.getLogger(__name__)


def store_events(events: Sequence[Event | Refusal], submission: Submission) -> list[RecordVerdict]:
    """Store events and return one verdict per event, in order; `accepted` events are in Kinesis.

    Events that deny consent are stored nowhere.
    """
    verdicts: dict[int, RecordVerdict] = {}
    accepted: list[tuple[int, str, bytes]] = []
    ids: dict[int, str] = {}
    refused: list[Refusal] = []
    received_at, producer = submission.received_at, submission.producer
    for index, event in enumerate(events):
        if isinstance(event, Refusal):
            refused.append(event)
            verdicts[index] = RecordVerdict(index, "refused", errors=event.errors, reason=event.reason)
        elif event.consent == "denied":
            verdicts[index] = RecordVerdict(index, "suppressed", event_id=event_id_of(event), reason=NO_CONSENT)
        else:
            ids[index] = event.event_id = event.event_id or event_id_of(event)
            event.received_at, event.producer = received_at, producer
            accepted.append((index, event.user_id or event.session_id or "", write_event(event)))
    _put_in_stream(accepted, ids, verdicts, submission)
    store_bad_rows(refused, submission)
    in_order = [verdicts[index] for index in sorted(verdicts)]
    count_outcomes(in_order, len(events), submission.dependencies.count)
    return in_order


def store_bad_rows(refusals: Sequence[Refusal], submission: Submission) -> None:
    """Write refused records as one object of bad rows, or into the queue of bad rows while S3 fails.

    Those that may deny consent are not written. A failure of both is counted and logged; it does not affect the records
    that were accepted.
    """
    rows = storable_rows([(refusal, submission.received_at) for refusal in refusals])
    if not rows:
        return
    dependencies, name = submission.dependencies, submission.object_name
    deadline = submission.deadline.from_now(BAD_ROWS_SECONDS - CALL_SECONDS)
    try:
        call_with_retries(
            lambda: put_bad_rows(rows, dependencies.s3, dependencies.bad_rows_bucket, SOURCE, name),
            deadline,
            attempts=2,
            seconds=CALL_SECONDS,
        )
    except (CallRefusedError, RetriesExhaustedError) as error:
        cause = error_name(error.__cause__ or error)
        _logger.warning("%d bad rows could not be written, so they are queued: %s", len(rows), cause)
        lost = queue_bad_rows(rows, dependencies.sqs, dependencies.bad_rows_queue, SOURCE, name, deadline)
        if lost:
            dependencies.count("bad_rows_lost", lost)
            _logger.error("%d bad rows could neither be written nor queued", lost)  # noqa: TRY400 - logged above


def store_refused_body(error: BodyRefusedError, body: bytes, submission: Submission) -> None:
    """Count and store a body without readable records as one refused record."""
    _count_refused_body(error.reason, submission.dependencies.count)
    store_bad_rows([Refusal(error.reason, (FieldError("body", error.rule),), body)], submission)


def read_body_or_count(request: Request, count: Callable[[str, int], None]) -> bytes:
    """Return the body's bytes, decompressed; count one that cannot be read, which is not stored: it may deny consent.

    Raises
    ------
    TooLargeError, BadRequestError
        As `read_body` does.
    """
    try:
        return read_body(request)
    except TooLargeError:
        _count_refused_body("too_large", count)
        raise
    except BadRequestError:
        _count_refused_body("malformed_encoding", count)
        raise


def _count_refused_body(reason: str, count: Callable[[str, int], None]) -> None:
    """Count a body that is refused as a whole as one record, since its number of records is unknown."""
    outcomes = dict.fromkeys(COLLECT.outcomes, 0) | {"bad": 1}
    for name, number in COLLECT.account({"received": 1, **outcomes}).items():
        count(name, number)
    count(f"bad_{reason}", 1)


def count_outcomes(verdicts: Sequence[RecordVerdict], received: int, count: Callable[[str, int], None]) -> None:
    """Count the verdicts of a request, and check that each of the `received` records has one."""
    statuses = count_statuses(verdicts)
    counts = COLLECT.account(
        {"received": received, **{_OUTCOMES[status]: number for status, number in statuses.items()}}
    )
    for name, number in counts.items():
        count(name, number)
    if statuses["refused"]:
        for verdict in verdicts:
            if verdict.status == "refused":
                count(f"bad_{verdict.reason}", 1)
    if counts[UNACCOUNTED]:
        _logger.error("%d records have no outcome, or more than one", counts[UNACCOUNTED])


def _put_in_stream(
    accepted: list[tuple[int, str, bytes]],
    ids: Mapping[int, str],
    verdicts: dict[int, RecordVerdict],
    submission: Submission,
) -> None:
    if not accepted:
        return
    records = group_events(accepted)
    dependencies = submission.dependencies
    deliveries = put_records(records, dependencies.kinesis, dependencies.stream, submission.deadline)
    for record, delivery in zip(records, deliveries, strict=True):
        if delivery is Delivery.DELIVERED:
            for index in record.positions:
                verdicts[index] = RecordVerdict(index, "accepted", ids[index])
        else:
            for index in record.positions:
                verdicts[index] = RecordVerdict(index, "retry", ids[index], reason=_REASONS[delivery])
