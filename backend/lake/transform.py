"""A Firehose batch: every record answered once, with its row, or dropped, or failed with its own bytes."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict

from backend.contract import Refusal, read_event
from backend.lake.row import write_row

if TYPE_CHECKING:
    from collections.abc import Sequence

# https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html: the answer has at most 6 MB.
MAX_ANSWER_BYTES = 6 * 1024 * 1024
# What stands around id and data in the JSON of one answered record, rounded up.
OVERHEAD_BYTES = 80


class Transformed(TypedDict):
    """A record as Firehose wants it answered; a dropped one has no data."""

    recordId: str
    result: Literal["Ok", "Dropped", "ProcessingFailed"]
    data: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch.

    Attributes
    ----------
    records
        The answer, in the order of the batch.
    stored, suppressed, oversized
        How many became rows, may not be stored for want of consent, or had to give way because the answer would have
        been too large.
    bad_by_reason
        How many break the contract, by reason.
    """

    records: list[Transformed]
    stored: int
    suppressed: int
    oversized: int
    bad_by_reason: Counter[str]

    @property
    def bad(self) -> int:
        """How many break the contract."""
        return self.bad_by_reason.total()

    @property
    def unaccounted(self) -> int:
        """Records without an outcome, or with two: never anything but zero, or the code is wrong."""
        return len(self.records) - (self.stored + self.suppressed + self.bad + self.oversized)


def transform(records: Sequence[dict[str, Any]]) -> Outcome:
    """Turn records into rows.

    Firehose writes a failed record to the error prefix as it came, from where it can be replayed.

    Parameters
    ----------
    records
        `records` of a Lambda event from Firehose; KPL aggregates are taken apart before.

    Returns
    -------
    Outcome
        One answer per record.
    """
    bad: Counter[str] = Counter()
    answered = [_transform(record, bad) for record in records]
    oversized = _make_room(answered, records)
    return Outcome(
        records=answered,
        stored=sum(answer["result"] == "Ok" for answer in answered),
        suppressed=sum(answer["result"] == "Dropped" for answer in answered),
        oversized=oversized,
        bad_by_reason=bad,
    )


def _transform(record: dict[str, Any], bad: Counter[str]) -> Transformed:
    record_id: str = record["recordId"]
    arrived = _arrival_of(record)
    event = read_event(b64decode(record["data"]), now=arrived)
    if isinstance(event, Refusal):
        bad[event.reason] += 1
        return {"recordId": record_id, "result": "ProcessingFailed", "data": record["data"]}
    if event.consent == "denied":
        return {"recordId": record_id, "result": "Dropped"}
    return {"recordId": record_id, "result": "Ok", "data": b64encode(write_row(event, arrived)).decode()}


def _arrival_of(record: dict[str, Any]) -> datetime:
    """When Kinesis took the record, by which forward judges it too; when Firehose did, for one put there directly."""
    source = record.get("kinesisRecordMetadata") or record
    return datetime.fromtimestamp(source["approximateArrivalTimestamp"] / 1000, UTC)


def _make_room(answered: list[Transformed], records: Sequence[dict[str, Any]]) -> int:
    """Fail rows at the end, which gives their bytes back as they came, until the answer is small enough.

    That suffices, since the batch came in an event of the same limit. An answer beyond it would fail the whole batch.
    """
    size = sum(OVERHEAD_BYTES + len(answer["recordId"]) + len(answer.get("data", "")) for answer in answered)
    oversized = 0
    for index in range(len(answered) - 1, -1, -1):
        if size <= MAX_ANSWER_BYTES:
            break
        answer = answered[index]
        saved = len(answer.get("data", "")) - len(records[index]["data"])
        if answer["result"] == "Ok" and saved > 0:
            answered[index] = {
                "recordId": answer["recordId"],
                "result": "ProcessingFailed",
                "data": records[index]["data"],
            }
            size -= saved
            oversized += 1
    return oversized
