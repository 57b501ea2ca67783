"""The outcome of each record of a request, and the answer with all of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from backend.contract import FieldError, write_instant
from backend.http import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

Status = Literal["accepted", "refused", "suppressed", "retry"]

THROTTLED_RETRY_AFTER_SECONDS = 2
FAILED_RETRY_AFTER_SECONDS = 5

NO_CONSENT = "no_consent"
STREAM_THROTTLED = "throttled"
NOT_STORED = "unavailable"


class RecordVerdict(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    """The outcome of one record, with the reason in one word where it was not accepted."""

    index: int
    status: Status
    event_id: str | None = None
    id: str | None = None
    errors: tuple[FieldError, ...] = ()
    reason: str | None = None


class _Error(msgspec.Struct, omit_defaults=True):
    code: str
    message: str
    field: str | None = None
    rule: str | None = None


class _Body(msgspec.Struct, omit_defaults=True):
    request_id: str
    server_time: str
    accepted: int | None
    refused: int | None
    suppressed: int | None
    retry: int | None
    events: Sequence[RecordVerdict] | None = None
    records: Sequence[RecordVerdict] | None = None
    error: _Error | None = None


_encode = msgspec.json.Encoder().encode


def count_statuses(verdicts: Sequence[RecordVerdict]) -> dict[Status, int]:
    """Return the number of verdicts of each status."""
    counts: dict[Status, int] = {"accepted": 0, "refused": 0, "suppressed": 0, "retry": 0}
    for verdict in verdicts:
        counts[verdict.status] += 1
    return counts


def answer_verdicts(verdicts: Sequence[RecordVerdict], request_id: str, name: Literal["events", "records"]) -> Answer:
    """Return the answer with one verdict per record, and the time, by which a page can correct its clock.

    Returns
    -------
    Answer
        429 or 503 with `Retry-After` where some records must be sent again; else 202, or 400 where every record was
        refused.
    """
    counts = count_statuses(verdicts)
    status, error, headers = _status(verdicts, counts)
    body = _Body(
        request_id=request_id,
        server_time=write_instant(datetime.now(UTC)),
        accepted=counts["accepted"],
        refused=counts["refused"],
        suppressed=counts["suppressed"],
        retry=counts["retry"],
        error=error,
    )
    setattr(body, name, verdicts)
    return Answer(
        statusCode=status,
        headers={"Content-Type": "application/json", **headers},
        body=_encode(body).decode(),
        isBase64Encoded=False,
    )


def _status(verdicts: Sequence[RecordVerdict], counts: dict[Status, int]) -> tuple[int, _Error | None, dict[str, str]]:
    if counts["retry"]:
        return _retry_status(verdicts, counts["retry"])
    if counts["accepted"] or counts["suppressed"]:
        return 202, None, {}
    first = verdicts[0].errors[0]
    error = _Error(
        verdicts[0].reason or "bad_request", f"none of {len(verdicts)} could be accepted", first.field, first.rule
    )
    return 400, error, {}


def _retry_status(verdicts: Sequence[RecordVerdict], count: int) -> tuple[int, _Error, dict[str, str]]:
    message = f"{count} of {len(verdicts)} are not stored; send those whose status is retry again"
    if any(verdict.reason == NOT_STORED for verdict in verdicts):
        return 503, _Error("unavailable", message), {"Retry-After": str(FAILED_RETRY_AFTER_SECONDS)}
    return 429, _Error("throttled", message), {"Retry-After": str(THROTTLED_RETRY_AFTER_SECONDS)}
