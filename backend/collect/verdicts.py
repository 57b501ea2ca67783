"""What became of each record of a request, and the answer that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from backend.contract import FieldError  # noqa: TC001 - the struct needs its fields' types
from backend.http import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

Status = Literal["accepted", "refused", "suppressed", "retry"]

THROTTLED_RETRY_AFTER_SECONDS = 2
FAILED_RETRY_AFTER_SECONDS = 5

NO_CONSENT = "no_consent"
STREAM_THROTTLED = "throttled"
NOT_STORED = "unavailable"


class Verdict(msgspec.Struct, omit_defaults=True, frozen=True):
    """What became of one record.

    Attributes
    ----------
    index
        Its position in the request.
    status
        What became of it.
    event_id
        The event's id, given or derived.
    id
        The item's or user's id.
    errors
        Every rule that it broke.
    reason
        Why it was not accepted, in one word.
    """

    index: int
    status: Status
    event_id: str | None = None
    id: str | None = None
    errors: tuple[FieldError, ...] = ()
    reason: str | None = None


class _Said(msgspec.Struct, omit_defaults=True):
    code: str
    message: str
    field: str | None = None
    rule: str | None = None


class _Body(msgspec.Struct, omit_defaults=True):
    request_id: str
    accepted: int | None
    refused: int | None
    suppressed: int | None
    retry: int | None
    events: Sequence[Verdict] | None = None
    records: Sequence[Verdict] | None = None
    error: _Said | None = None


_encode = msgspec.json.Encoder().encode


def count(verdicts: Sequence[Verdict]) -> dict[Status, int]:
    """Return how many verdicts there are of each status."""
    counts: dict[Status, int] = {"accepted": 0, "refused": 0, "suppressed": 0, "retry": 0}
    for verdict in verdicts:
        counts[verdict.status] += 1
    return counts


def answer_verdicts(verdicts: Sequence[Verdict], request_id: str, name: Literal["events", "records"]) -> Answer:
    """Say what became of each record.

    Parameters
    ----------
    verdicts
        One per record, in order.
    request_id
        API Gateway's id of the request.
    name
        What the records are called in the answer.

    Returns
    -------
    Answer
        202 where what could be taken is stored, 400 where none could be taken, 429 or 503 with `Retry-After` where
        some must be sent again.
    """
    counts = count(verdicts)
    status, said, headers = _status(verdicts, counts)
    body = _Body(
        request_id=request_id,
        accepted=counts["accepted"],
        refused=counts["refused"],
        suppressed=counts["suppressed"],
        retry=counts["retry"],
        error=said,
    )
    setattr(body, name, verdicts)
    return Answer(
        statusCode=status,
        headers={"Content-Type": "application/json", **headers},
        body=_encode(body).decode(),
        isBase64Encoded=False,
    )


def _status(verdicts: Sequence[Verdict], counts: dict[Status, int]) -> tuple[int, _Said | None, dict[str, str]]:
    if counts["retry"]:
        return _come_again(verdicts, counts["retry"])
    if counts["accepted"] or counts["suppressed"]:
        return 202, None, {}
    first = verdicts[0].errors[0]
    said = _Said(
        verdicts[0].reason or "bad_request", f"none of {len(verdicts)} could be accepted", first.field, first.rule
    )
    return 400, said, {}


def _come_again(verdicts: Sequence[Verdict], many: int) -> tuple[int, _Said, dict[str, str]]:
    message = f"{many} of {len(verdicts)} are not stored; send those whose status is retry again"
    if any(verdict.reason == NOT_STORED for verdict in verdicts):
        return 503, _Said("unavailable", message), {"Retry-After": str(FAILED_RETRY_AFTER_SECONDS)}
    return 429, _Said("throttled", message), {"Retry-After": str(THROTTLED_RETRY_AFTER_SECONDS)}
