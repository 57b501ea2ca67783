"""Processing of an uploaded object: in chunks of rows, from where the last invocation stopped, until its end."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from backend.aws.errors import error_name
from backend.aws.retries import CallRefusedError, RetriesExhaustedError, call_with_retries
from backend.contract import RecordKind, Refusal
from backend.upload.lines import InvalidUploadError
from backend.upload.reading import read_rows
from backend.upload.report import CALL_SECONDS, load_report, save_report
from backend.upload.requests import invoke_again

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backend.aws.deadline import Deadline
    from backend.contract import FieldError
    from backend.upload.report import Report, SavedReport, State, UploadDependencies
    from backend.upload.rows import UploadRow

CHUNK_ROWS = 500
"""Rows that are stored at once, as many as one PutRecords takes."""

CHUNK_BYTES = 8 * 1024 * 1024
"""Bytes of rows after which a chunk is stored, so that its time and memory are bounded however long its rows are."""

CHUNKS_PER_SAVE = 20
"""Most chunks that are stored again after a crash; deterministic event ids and object names make that harmless."""

MAX_STALLS = 20
"""Invocations in a row without progress, each with retries until its deadline, before the upload fails."""

OWNED_FOR = timedelta(seconds=40)
"""How long one invocation may process an upload alone: longer than its timeout, and less than the minute after which
Lambda invokes the function again for an invocation that failed
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html)."""

READING_SHARE = 0.8
"""Of an invocation's time, after which no further row is read, so that those that were read can be stored."""

REPORT_SECONDS = 2 * CALL_SECONDS + 1
"""The longest that the report and the next invocation take after the last chunk."""

_CHANGED = frozenset({"PreconditionFailed", "NoSuchKey", "404"})

_logger = logging.getLogger(__name__)


class RowOutcome(Protocol):
    """The outcome of one row."""

    @property
    def status(self) -> str:
        """`accepted`, `refused`, `suppressed` or `retry`."""

    @property
    def reason(self) -> str | None:
        """The reason of a refusal, in one word."""

    @property
    def errors(self) -> Sequence[FieldError]:
        """The rules that a refused row broke."""


StoreRows = Callable[[RecordKind, Sequence[bytes | Refusal], str, datetime], Sequence[RowOutcome]]
"""Stores rows: their kind, the JSON of each, the name of the objects to write, and the time of receipt."""


@dataclass(slots=True)
class _Chunk:
    """Rows that are stored at once.

    Attributes
    ----------
    end, last_line
        Position and number of the line after them, and after the blank lines that follow.
    is_last, is_cut
        Whether the object ends after them, or the time in which rows may be read.
    """

    end: int
    last_line: int
    rows: list[UploadRow] = field(default_factory=list)
    payloads: list[bytes | Refusal] = field(default_factory=list)
    is_last: bool = False
    is_cut: bool = False


class _OwnerChangedError(Exception):
    """Another invocation processes the upload."""


def process_upload(
    upload_id: str, uploads: UploadDependencies, store: StoreRows, deadline: Deadline, clock: Callable[[], datetime]
) -> None:
    """Process an upload until the deadline, and invoke the function again for the rest.

    Of several invocations at once only one processes it. A chunk that is stored twice, because an invocation crashed,
    has the same event ids and object names both times.
    """
    saved = _own(upload_id, uploads, deadline, clock)
    if saved is None:
        return
    report = saved.report
    is_finished = False
    try:
        if report.stalls <= MAX_STALLS + 1:
            is_finished = _process_rows(saved, uploads, store, deadline, clock)
    except InvalidUploadError as error:
        is_finished, report.state, report.cause = True, "FAILED", str(error)
    except _OwnerChangedError:
        return
    if not is_finished and report.stalls > MAX_STALLS:
        is_finished, report.state, report.cause = True, "FAILED", _cause_of_stalls(report)
    report.owned_until = None
    # Where both fail, Lambda invokes the function again, which resumes at the last saved report.
    end = deadline.from_now(REPORT_SECONDS)
    is_saved = call_with_retries(
        lambda: save_report(saved, uploads, clock()), end.earlier(CALL_SECONDS), seconds=CALL_SECONDS
    )
    if is_saved and not is_finished:
        call_with_retries(lambda: invoke_again(upload_id, uploads), end, seconds=CALL_SECONDS)


def _own(
    upload_id: str, uploads: UploadDependencies, deadline: Deadline, clock: Callable[[], datetime]
) -> SavedReport | None:
    """Return the report of an upload, written as owned by this invocation; None where it is finished or has an owner.

    It counts the invocation before its work, so that one that is killed counts, too.
    """
    deadline = deadline.from_now(REPORT_SECONDS)
    saved = call_with_retries(lambda: load_report(upload_id, uploads), deadline, seconds=CALL_SECONDS)
    if saved is None or saved.report.state in {"SUCCEEDED", "FAILED"}:
        return None
    report, now = saved.report, clock()
    if report.owned_until and now < report.owned_until:
        return None
    report.state, report.owner, report.owned_until = "RUNNING", uuid4().hex, now + OWNED_FOR
    report.stalls += 1
    is_saved = call_with_retries(lambda: save_report(saved, uploads, now), deadline, seconds=CALL_SECONDS)
    return saved if is_saved else None


def _process_rows(
    saved: SavedReport, uploads: UploadDependencies, store: StoreRows, deadline: Deadline, clock: Callable[[], datetime]
) -> bool:
    """Store chunks of rows until the end of the object or the deadline; return whether the object ended."""
    report, reading = saved.report, deadline.share(READING_SHARE)
    try:
        rows = read_rows(report, uploads, reading)
        for chunks in itertools.count(1):
            chunk = _read_chunk(rows, report, reading)
            if chunk.rows and not _store_chunk(chunk, report, store):
                return False
            if chunk.end > report.position:
                report.position, report.lines, report.stalls = chunk.end, chunk.last_line, 0
            if chunk.is_last:
                report.state, report.cause = _result(report)
            if chunk.is_last or chunk.is_cut or reading.seconds_left <= 0:
                return chunk.is_last
            if chunks % CHUNKS_PER_SAVE == 0:
                _save_progress(saved, uploads, deadline, clock)
    except ClientError as error:
        if error_name(error) in _CHANGED:
            raise InvalidUploadError("the object was replaced or removed while it was processed") from error
        _logger.warning("upload %s: S3 failed: %s", report.id, error_name(error))
    except (BotoCoreError, OSError) as error:
        _logger.warning("upload %s: its object cannot be read: %s", report.id, error_name(error))
    return False


def _read_chunk(rows: Iterator[UploadRow], report: Report, deadline: Deadline) -> _Chunk:
    """Return the next rows, fewer where they are long, the object ends or the deadline comes."""
    chunk = _Chunk(report.position, report.lines)
    size = 0
    try:
        for row in rows:
            chunk.end, chunk.last_line = row.end, row.last_line
            if row.payload is not None:
                chunk.rows.append(row)
                chunk.payloads.append(row.payload)
                size += len(row.payload.payload if isinstance(row.payload, Refusal) else row.payload)
            chunk.is_cut = deadline.seconds_left < 0
            if len(chunk.rows) == CHUNK_ROWS or size >= CHUNK_BYTES or chunk.is_cut:
                return chunk
    except TimeoutError:
        if chunk.end == report.position:
            raise
        chunk.is_cut = True
        return chunk
    chunk.is_last = True
    return chunk


def _save_progress(
    saved: SavedReport, uploads: UploadDependencies, deadline: Deadline, clock: Callable[[], datetime]
) -> None:
    try:
        is_saved = call_with_retries(
            lambda: save_report(saved, uploads, clock()), deadline, attempts=2, seconds=CALL_SECONDS
        )
    except (CallRefusedError, RetriesExhaustedError) as error:
        # It is saved at the end.
        _logger.warning("upload %s: no progress saved: %s", saved.report.id, error_name(error.__cause__ or error))
        return
    if not is_saved:
        raise _OwnerChangedError


def _cause_of_stalls(report: Report) -> str:
    if report.format == "gzip" and report.unpacked_bytes is None:
        return "it could not be unpacked to its end within an invocation; split the data into several objects"
    return "its records could not be read or stored for too long"


def _result(report: Report) -> tuple[State, str | None]:
    """Return the final state of an upload whose object was read to its end, and the cause of a failure."""
    if report.read == 0:
        return "FAILED", "the object has no records"
    if report.accepted == 0 and report.suppressed == 0:
        return "FAILED", "no record was accepted; the errors name the first broken rules"
    return "SUCCEEDED", None


def _store_chunk(chunk: _Chunk, report: Report, store: StoreRows) -> bool:
    """Store a chunk and count its outcomes; return False and count nothing where a row must be retried."""
    outcomes = store(report.kind, chunk.payloads, f"{report.id}-{report.position}", report.created_at)
    if any(outcome.status == "retry" for outcome in outcomes):
        return False
    for row, outcome in zip(chunk.rows, outcomes, strict=True):
        if outcome.status == "accepted":
            report.accepted += 1
        elif outcome.status == "suppressed":
            report.suppressed += 1
        else:
            reason = outcome.reason or ""
            report.refused[reason] = report.refused.get(reason, 0) + 1
            report.add_errors(row.first_line, outcome.errors)
    report.read += len(chunk.rows)
    return True
