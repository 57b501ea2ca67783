"""Processing of an uploaded object: in chunks of rows, from where the last invocation stopped, until its end."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from backend.aws.errors import error_name
from backend.aws.retries import call_with_retries
from backend.contract import RecordKind, Refusal
from backend.upload.lines import InvalidUploadError, read_chunks, skip_bytes, split_lines
from backend.upload.report import CALL_SECONDS, Report, load_report, save_report
from backend.upload.requests import invoke_again
from backend.upload.rows import UploadRow, csv_rows, json_rows, read_header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backend.aws.deadline import Deadline
    from backend.contract import FieldError
    from backend.upload.report import State, UploadDependencies

CHUNK_ROWS = 500
"""Rows that are stored at once, as many as one PutRecords takes."""

CHUNKS_PER_SAVE = 20
"""Most chunks that are stored again after a crash; deterministic event ids and object names make that harmless."""

MAX_STALLS = 20
"""Invocations in a row without progress, each with retries until its deadline, before the upload fails."""

REPORT_SECONDS = 2 * CALL_SECONDS + 1
"""The longest that the report and the next invocation take after the last chunk."""

_CHANGED = "PreconditionFailed"
_GONE = frozenset({"NoSuchKey", "404"})

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


def process_upload(
    upload_id: str, uploads: UploadDependencies, store: StoreRows, deadline: Deadline, clock: Callable[[], datetime]
) -> None:
    """Process an upload until the deadline, and invoke the function again for the rest.

    A chunk that is stored twice, because an invocation crashed or was delivered twice, has the same event ids and
    object names both times.
    """
    report = load_report(upload_id, uploads)
    if report is None or report.state in {"SUCCEEDED", "FAILED"}:
        return
    began_at = report.position
    report.state = "RUNNING"
    try:
        is_finished = _process_rows(report, uploads, store, deadline, clock)
    except InvalidUploadError as error:
        is_finished, report.state, report.cause = True, "FAILED", str(error)
    report.stalls = 0 if is_finished or report.position > began_at else report.stalls + 1
    if report.stalls > MAX_STALLS:
        is_finished, report.state, report.cause = True, "FAILED", "its records could not be stored for too long"
    # Where both fail, Lambda invokes the function again, which resumes at the last saved report.
    end = deadline.from_now(REPORT_SECONDS)
    call_with_retries(lambda: save_report(report, uploads, clock()), end.earlier(CALL_SECONDS), seconds=CALL_SECONDS)
    if not is_finished:
        call_with_retries(lambda: invoke_again(upload_id, uploads), end, seconds=CALL_SECONDS)


def _process_rows(
    report: Report, uploads: UploadDependencies, store: StoreRows, deadline: Deadline, clock: Callable[[], datetime]
) -> bool:
    """Store chunks of rows until the end of the object or the deadline; return whether the object ended."""
    try:
        rows = _read_rows(report, uploads)
        for chunks in itertools.count(1):
            chunk = list(itertools.islice(rows, CHUNK_ROWS))
            if not chunk:
                report.state, report.cause = _result(report)
                return True
            if not _store_chunk(chunk, report, store) or deadline.seconds_left <= 0:
                return False
            if chunks % CHUNKS_PER_SAVE == 0:
                save_report(report, uploads, clock())
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == _CHANGED or code in _GONE:
            raise InvalidUploadError("the object was replaced or removed while it was processed") from error
        _logger.warning("upload %s: S3 failed: %s", report.id, error_name(error))
    except (BotoCoreError, OSError) as error:
        _logger.warning("upload %s: the connection to its object broke: %s", report.id, error_name(error))
    return False


def _result(report: Report) -> tuple[State, str | None]:
    """Return the final state of an upload whose object was read to its end, and the cause of a failure."""
    if report.read == 0:
        return "FAILED", "the object has a header, but no records"
    if report.accepted == 0 and report.suppressed == 0:
        return "FAILED", "no record was accepted; the errors name the first broken rules"
    return "SUCCEEDED", None


def _store_chunk(chunk: list[UploadRow], report: Report, store: StoreRows) -> bool:
    """Store a chunk and count its outcomes; return False and count nothing where a row must be retried."""
    outcomes = store(report.kind, [row.payload for row in chunk], f"{report.id}-{report.position}", report.created_at)
    if any(outcome.status == "retry" for outcome in outcomes):
        return False
    for row, outcome in zip(chunk, outcomes, strict=True):
        if outcome.status == "accepted":
            report.accepted += 1
        elif outcome.status == "suppressed":
            report.suppressed += 1
        else:
            reason = outcome.reason or ""
            report.refused[reason] = report.refused.get(reason, 0) + 1
            report.add_errors(row.first_line, outcome.errors)
    report.read += len(chunk)
    report.position, report.lines = chunk[-1].end, chunk[-1].last_line
    return True


def _read_rows(report: Report, uploads: UploadDependencies) -> Iterator[UploadRow]:
    """Return the rows after the report's position; at the beginning of the object, detect its format first."""
    body = uploads.s3.get_object(Bucket=uploads.bucket, Key=report.key, IfMatch=report.etag)["Body"]
    lines = split_lines(skip_bytes(read_chunks(body), report.position), report.position, report.lines)
    if report.position == 0:
        first = next((line for line in lines if line.data.strip()), None)
        if first is None:
            raise InvalidUploadError("the object is empty")
        report.header = read_header(report.kind, first.data)
        if report.header is None:
            lines = itertools.chain([first], lines)
    return json_rows(lines) if report.header is None else csv_rows(lines, report.header, report.kind)
