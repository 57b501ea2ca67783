"""A Firehose batch: each record is answered once, with its row, as dropped, or as failed with its own bytes."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NotRequired, TypedDict

import msgspec

from backend.contract import Event, FieldError, Refusal, may_deny_consent, read_streamed_event
from backend.contract.accounting.outcomes import LAKE, UNACCOUNTED
from backend.lake.row import write_row
from backend.lake.sessions import LATE_AFTER, delay_of, find_bots, session_of

if TYPE_CHECKING:
    from collections.abc import Sequence

# https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html: the response has at most 6 MB.
MAX_RESPONSE_BYTES = 6 * 1024 * 1024
# The JSON around the id and the data of one record of the response, rounded up.
OVERHEAD_BYTES = 80


class TransformedRecord(TypedDict):
    """A record of the response to Firehose; a dropped one has no data."""

    recordId: str
    result: Literal["Ok", "Dropped", "ProcessingFailed"]
    data: NotRequired[str]


class RefusedRecord(NamedTuple):
    """A record that breaks the contract, by its position in the batch."""

    position: int
    refusal: Refusal
    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class TransformOutcome:
    """The response to Firehose and the outcomes of its records.

    Attributes
    ----------
    records
        The response, in the order of the batch.
    stored, suppressed, oversized
        Number of records that became rows, that deny consent or, being unreadable, may do so, and that failed because
        the response would have been too large.
    bots, late, ahead
        Number of valid events that are marked as a bot's, and that were received more than an hour after, or before,
        their own time.
    refused
        The records that break the contract.
    late_seconds, ahead_seconds
        The longest time from an event to its receipt, and the furthest that a clock was ahead.
    """

    records: list[TransformedRecord]
    stored: int
    suppressed: int
    oversized: int
    refused: list[RefusedRecord]
    bots: int = 0
    late: int = 0
    ahead: int = 0
    late_seconds: float = 0.0
    ahead_seconds: float = 0.0

    @property
    def bad(self) -> int:
        """Number of records that break the contract."""
        return len(self.refused)

    @property
    def bad_by_reason(self) -> Counter[str]:
        """Number of records that break the contract, by reason."""
        return Counter(refused.refusal.reason for refused in self.refused)

    @property
    def counts(self) -> dict[str, int]:
        """The received records, those with each outcome, and the unaccounted ones."""
        outcomes = {name: getattr(self, name) for name in LAKE.outcomes}
        return LAKE.account({"received": len(self.records), **outcomes})

    @property
    def unaccounted(self) -> int:
        """Records without an outcome, or with two; anything but zero is an error in the code."""
        return self.counts[UNACCOUNTED]


def transform(records: Sequence[dict[str, Any]]) -> TransformOutcome:
    """Convert records to rows.

    Firehose writes a failed record unchanged under its error prefix, from where it can be replayed.

    Parameters
    ----------
    records
        `records` of a Lambda event from Firehose, already de-aggregated.
    """
    refused: list[RefusedRecord] = []
    read = [_read(record, position, refused) for position, record in enumerate(records)]
    valid = [each for each in read if isinstance(each, _Valid)]
    bots = find_bots(each.event for each in valid)
    response = [_row(each, bots) if isinstance(each, _Valid) else each for each in read]
    oversized = _limit_size(response, records)
    delays = [delay_of(each.event, each.arrived_at) for each in valid]
    return TransformOutcome(
        records=response,
        stored=sum(record["result"] == "Ok" for record in response),
        suppressed=sum(record["result"] == "Dropped" for record in response),
        oversized=oversized,
        refused=refused,
        bots=sum(session_of(each.event) in bots for each in valid),
        late=sum(delay > LATE_AFTER for delay in delays),
        ahead=sum(delay < timedelta() for delay in delays),
        late_seconds=max([0.0, *(delay.total_seconds() for delay in delays)]),
        ahead_seconds=max([0.0, *(-delay.total_seconds() for delay in delays)]),
    )


class _Valid(NamedTuple):
    record_id: str
    event: Event
    arrived_at: datetime


def _read(record: dict[str, Any], position: int, refused: list[RefusedRecord]) -> _Valid | TransformedRecord:
    record_id: str = record["recordId"]
    arrived_at = _arrival_of(record)
    event = _event_of(record["data"], arrived_at)
    if isinstance(event, Refusal):
        if may_deny_consent(event.payload):
            return {"recordId": record_id, "result": "Dropped"}
        refused.append(RefusedRecord(position, event, arrived_at))
        return {"recordId": record_id, "result": "ProcessingFailed", "data": record["data"]}
    if event.consent == "denied":
        return {"recordId": record_id, "result": "Dropped"}
    return _Valid(record_id, event, arrived_at)


def _event_of(data: str, arrived_at: datetime) -> Event | Refusal:
    try:
        # As strict as forward, which refuses the same records.
        payload = msgspec.convert(data, bytes)
    except msgspec.ValidationError as error:
        return Refusal("malformed_base64", (FieldError("", f"must be base64: {error}"),), data.encode())
    return read_streamed_event(payload, arrived_at=arrived_at)


def _row(valid: _Valid, bots: set[str]) -> TransformedRecord:
    row = write_row(valid.event, valid.arrived_at, is_bot=session_of(valid.event) in bots)
    return {"recordId": valid.record_id, "result": "Ok", "data": b64encode(row).decode()}


def _arrival_of(record: dict[str, Any]) -> datetime:
    """Return when Kinesis accepted the record, as forward uses it; when Firehose did, for a record put directly."""
    source = record.get("kinesisRecordMetadata") or record
    return datetime.fromtimestamp(source["approximateArrivalTimestamp"] / 1000, UTC)


def _limit_size(response: list[TransformedRecord], records: Sequence[dict[str, Any]]) -> int:
    """Fail rows from the end, with their original bytes, until the response is small enough; return how many.

    That suffices, since the batch arrived in an event of the same limit. A larger response would fail the whole batch.
    """
    size = sum(OVERHEAD_BYTES + len(record["recordId"]) + len(record.get("data", "")) for record in response)
    oversized = 0
    for index in range(len(response) - 1, -1, -1):
        if size <= MAX_RESPONSE_BYTES:
            break
        record = response[index]
        saved = len(record.get("data", "")) - len(records[index]["data"])
        if record["result"] == "Ok" and saved > 0:
            response[index] = {
                "recordId": record["recordId"],
                "result": "ProcessingFailed",
                "data": records[index]["data"],
            }
            size -= saved
            oversized += 1
    return oversized
