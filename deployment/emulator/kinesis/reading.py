"""Shard iterators and GetRecords, by sequence number.

An iterator's text encodes the sequence number after which it reads, so it stays correct when records expire, and
survives a restart of the emulator. MiniStack's is an index into a list, kept in memory.
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any, Final

from deployment.emulator.kinesis.errors import KinesisError, constraint_violation, invalid_argument, not_found
from deployment.emulator.kinesis.shards import ENDING, children_of
from deployment.emulator.settings import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.kinesis.faults import Faults
    from deployment.emulator.kinesis.storage import Record, Storage, Stream

# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
ITERATOR_SECONDS: Final = 300
# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
ANSWER_RECORDS: Final = 10_000
ANSWER_BYTES: Final = 10 * 1024 * 1024


class Reader:
    """Reads records out of shards; `find` returns the stream of an ARN."""

    def __init__(self, storage: Storage, faults: Faults, find: Callable[[str], Stream | None]) -> None:
        self._storage = storage
        self._faults = faults
        self._find = find

    def get_shard_iterator(self, stream: Stream, request: dict[str, Any]) -> dict[str, Any]:
        """Handle GetShardIterator."""
        shard = _shard(stream, request.get("ShardId"))
        self._storage.expire(stream)
        after = self._start(shard["records"], request)
        return {"ShardIterator": _write_iterator(stream["StreamARN"], request["ShardId"], after)}

    def get_records(self, request: dict[str, Any]) -> dict[str, Any]:
        """Handle GetRecords."""
        limit = request.get("Limit", ANSWER_RECORDS)
        if not 1 <= limit <= ANSWER_RECORDS:
            raise constraint_violation("limit", f"Member must have value between 1 and {ANSWER_RECORDS}, inclusive")
        arn, shard_id, after = _read_iterator(request.get("ShardIterator"))
        stream = self._find(arn)
        if stream is None:
            raise not_found(f"Stream {arn}", ACCOUNT)
        shard = _shard(stream, shard_id)
        if self._faults.should_fail("kinesis_throttled_read"):
            message = f"Rate exceeded for shard {shard_id} in stream {stream['StreamName']} under account {ACCOUNT}."
            raise KinesisError("ProvisionedThroughputExceededException", message)
        self._storage.expire(stream)
        return self._page(stream, shard_id, shard, after, limit)

    def _page(self, stream: Stream, shard_id: str, shard: dict[str, Any], after: int, limit: int) -> dict[str, Any]:
        records = shard["records"]
        begin = bisect_right(records, after, key=_number)
        page = _within_bytes(records[begin : begin + limit])
        end = begin + len(page)
        behind = 0.0
        if end < len(records):
            behind = max(0.0, time.time() - records[end]["ApproximateArrivalTimestamp"])
        encryption = stream.get("EncryptionType", "NONE")
        answer: dict[str, Any] = {
            "Records": [{**record, "EncryptionType": encryption} for record in page],
            "MillisBehindLatest": int(behind * 1000),
        }
        if ENDING in shard and end == len(records):
            # A closed shard is read to its end: the response names the shards to read next.
            return {**answer, "ChildShards": children_of(stream, shard_id)}
        reached = _number(page[-1]) if page else after
        return {**answer, "NextShardIterator": _write_iterator(stream["StreamARN"], shard_id, reached)}

    def _start(self, records: list[Record], request: dict[str, Any]) -> int:
        """Return the sequence number after which an iterator begins to read."""
        match request.get("ShardIteratorType"):
            case "TRIM_HORIZON":
                return _before(records, 0)
            case "LATEST":
                return self._storage.numbers.latest
            case "AT_TIMESTAMP":
                at = bisect_left(records, _moment(request), key=lambda record: record["ApproximateArrivalTimestamp"])
                return _before(records, at) if at < len(records) else self._storage.numbers.latest
            case "AT_SEQUENCE_NUMBER":
                return _starting_number(request) - 1
            case "AFTER_SEQUENCE_NUMBER":
                return _starting_number(request)
            case other:
                raise constraint_violation(
                    "shardIteratorType",
                    "Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, "
                    f"AT_SEQUENCE_NUMBER, TRIM_HORIZON], not {other}",
                )


def _number(record: Record) -> int:
    return int(record["SequenceNumber"])


def _before(records: list[Record], at: int) -> int:
    return _number(records[at]) - 1 if at < len(records) else 0


def _moment(request: dict[str, Any]) -> float:
    try:
        moment = float(request["Timestamp"])
    except (KeyError, TypeError, ValueError) as error:
        raise invalid_argument("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP.") from error
    if moment > time.time():
        raise invalid_argument("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis.")
    return moment


def _starting_number(request: dict[str, Any]) -> int:
    number = str(request.get("StartingSequenceNumber", ""))
    if not number.isdigit() or len(number) > 128:
        raise invalid_argument(f"StartingSequenceNumber {number!r} is not a sequence number.")
    return int(number)


def _within_bytes(records: list[Record]) -> list[Record]:
    size = 0
    for count, record in enumerate(records):
        # Base 64 takes four characters for three bytes.
        size += len(record["Data"]) * 3 // 4
        if size > ANSWER_BYTES and count:
            return records[:count]
    return records


def _shard(stream: Stream, shard_id: object) -> dict[str, Any]:
    shard: dict[str, Any] | None = stream["shards"].get(shard_id)
    if shard is None:
        raise not_found(f"Shard {shard_id} in stream {stream['StreamName']}", ACCOUNT)
    return shard


def _write_iterator(arn: str, shard_id: str, after: int) -> str:
    return urlsafe_b64encode(json.dumps([arn, shard_id, after, time.time()]).encode()).decode()


def _read_iterator(text: object) -> tuple[str, str, int]:
    try:
        arn, shard_id, after, issued_at = json.loads(urlsafe_b64decode(str(text)))
    except ValueError as error:
        raise invalid_argument("Invalid ShardIterator.") from error
    age = time.time() - issued_at
    if age > ITERATOR_SECONDS:
        message = f"Iterator expired. It is {age:.0f} seconds old while {ITERATOR_SECONDS} are allowed."
        raise KinesisError("ExpiredIteratorException", message)
    return arn, shard_id, after
