"""Working off an uploaded object: in portions, from where the last invocation stopped, until its end."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from backend.collect.failure import name_of
from backend.collect.records import take
from backend.collect.report import Report, load, save
from backend.collect.rows import Row, csv_rows, json_rows, read_header
from backend.collect.unpacking import UploadRefused, lines, skip, unpack
from backend.collect.upload import pass_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from backend.collect.services import Patience, Services

PORTION_ROWS = 500
"""Records that are taken at once, as many as one PutRecords takes."""

PORTIONS_PER_SAVE = 20
"""How many portions may have to be taken again after a crash, which their ids make harmless."""

MAX_STALLS = 20
"""Invocations in a row that may get no further, each insisting as long as it can, before the upload fails."""

_CHANGED = "PreconditionFailed"
_GONE = frozenset({"NoSuchKey", "404"})

_logger = logging.getLogger(__name__)


def go_on(upload_id: str, services: Services, patience: Patience, clock: Callable[[], datetime]) -> None:
    """Work an upload off as far as the time allows, and have the rest done in another invocation.

    Whatever is done twice, because an invocation broke off or came twice, has the same ids and object names.

    Parameters
    ----------
    upload_id
        Which upload.
    services
        Where its records go.
    patience
        How much time there is.
    clock
        Tells the time.
    """
    report = load(upload_id, services)
    if report is None or report.state in {"SUCCEEDED", "FAILED"}:
        return
    began_at = report.position
    report.state = "RUNNING"
    try:
        finished = _work_off(report, services, patience, clock)
    except UploadRefused as refused:
        finished, report.state, report.cause = True, "FAILED", str(refused)
    report.stalls = 0 if finished or report.position > began_at else report.stalls + 1
    if report.stalls > MAX_STALLS:
        finished, report.state, report.cause = True, "FAILED", "its records could not be stored for too long"
    save(report, services, clock())
    if not finished:
        pass_on(upload_id, services)


def _work_off(report: Report, services: Services, patience: Patience, clock: Callable[[], datetime]) -> bool:
    """Take portions until the end, or the end of the time; return whether it is the object's end."""
    try:
        rows = _rows(report, services)
        for done in itertools.count(1):
            portion = list(itertools.islice(rows, PORTION_ROWS))
            if not portion:
                report.state = "SUCCEEDED"
                return True
            if not _take(portion, report, services, patience) or patience.left <= 0:
                return False
            if done % PORTIONS_PER_SAVE == 0:
                save(report, services, clock())
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == _CHANGED or code in _GONE:
            raise UploadRefused("the object was replaced or removed while it was worked off") from error
        _logger.warning("upload %s: S3 failed: %s", report.id, name_of(error))
    except (BotoCoreError, OSError) as error:
        _logger.warning("upload %s: its object broke off: %s", report.id, name_of(error))
    return False


def _take(portion: list[Row], report: Report, services: Services, patience: Patience) -> bool:
    """Take a portion and count it; where some of it could not be stored, nothing is counted and it is to come again."""
    name = f"{report.id}-{report.position}"
    verdicts = take(report.kind, [row.payload for row in portion], services, patience, name, report.created_at)
    if any(verdict.status == "retry" for verdict in verdicts):
        return False
    for verdict in verdicts:
        if verdict.status == "accepted":
            report.accepted += 1
        elif verdict.status == "suppressed":
            report.suppressed += 1
        else:
            reason = verdict.reason or ""
            report.refused[reason] = report.refused.get(reason, 0) + 1
    report.read += len(portion)
    report.position = portion[-1].end
    return True


def _rows(report: Report, services: Services) -> Iterator[Row]:
    """Return the rows from the report's position on; at an object's beginning, find out what it holds."""
    body = services.s3.get_object(Bucket=services.uploads_bucket, Key=report.key, IfMatch=report.etag)["Body"]
    found = lines(skip(unpack(body), report.position), report.position)
    if report.position == 0:
        first = next((line for line in found if line.data.strip()), None)
        if first is None:
            raise UploadRefused("the object is empty")
        report.header = read_header(report.kind, first.data)
        if report.header is None:
            found = itertools.chain([first], found)
    return json_rows(found) if report.header is None else csv_rows(found, report.header, report.kind)
