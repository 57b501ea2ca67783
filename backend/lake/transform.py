"""A Firehose batch: each record is answered once, with its row, as dropped, or as failed with its own bytes."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict

from backend.contract import Refusal, may_deny_consent, read_streamed_event
from backend.contract.accounting.outcomes import LAKE, UNACCOUNTED
from backend.lake.row import write_row

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
    """

    records: list[TransformedRecord]
    stored: int
    suppressed: int
    oversized: int
    bad_by_reason: Counter[str]

    @property
    def bad(self) -> int:
        """Number of records that break the contract."""
        return self.bad_by_reason.total()

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

    Firehose writes a failed record unchanged to the error prefix, from where it can be replayed.

    Parameters
    ----------
    records
        `records` of a Lambda event from Firehose, already de-aggregated.
    """
    bad: Counter[str] = Counter()
    response = [_transform(record, bad) for record in records]
    oversized = _limit_size(response, records)
    return TransformOutcome(
        records=response,
        stored=sum(record["result"] == "Ok" for record in response),
        suppressed=sum(record["result"] == "Dropped" for record in response),
        oversized=oversized,
        bad_by_reason=bad,
    )


def _transform(record: dict[str, Any], bad: Counter[str]) -> TransformedRecord:
    record_id: str = record["recordId"]
    arrived_at = _arrival_of(record)
    event = read_streamed_event(b64decode(record["data"]), arrived_at=arrived_at)
    if isinstance(event, Refusal):
        if may_deny_consent(event.payload):
            return {"recordId": record_id, "result": "Dropped"}
        bad[event.reason] += 1
        return {"recordId": record_id, "result": "ProcessingFailed", "data": record["data"]}
    if event.consent == "denied":
        return {"recordId": record_id, "result": "Dropped"}
    return {"recordId": record_id, "result": "Ok", "data": b64encode(write_row(event, arrived_at)).decode()}


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
