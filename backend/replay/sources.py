"""Where failed records are: objects below a prefix of a bucket, or the stream itself; read in one order each time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from botocore.exceptions import ClientError

from backend.aws.retries import IncompleteCallError
from backend.replay.failed_records import (
    UNREADABLE,
    FailedRecord,
    payloads_of,
    read_bad_rows,
    read_discarded,
    read_undelivered,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_s3 import S3Client

CHUNK_RECORDS = 500
"""Records that are sent at once; after each such chunk the position is kept."""

_STREAM_PAUSE_SECONDS = 0.5
"""A shard gives five reads a second to all of its readers together, forward and Firehose included.
https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html"""

_THROTTLED = frozenset({"ProvisionedThroughputExceededException", "LimitExceededException", "KMSThrottlingException"})


class Position(msgspec.Struct, frozen=True):
    """How far a source was read: the object or the shard, and the records of the object or the sequence number."""

    key: str
    place: str


class Chunk(NamedTuple):
    """Some records in a row, and the position behind them."""

    position: Position
    records: list[FailedRecord]


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects below a prefix.

    Attributes
    ----------
    read
        Returns the records of an object's content.
    since
        Objects that were written before are not read, since what they hold arrived before they were written.
    until
        Nor are those that were written then or later: a replay does not read what fails of the records that it sends.
    """

    name: str
    client: S3Client
    bucket: str
    prefix: str
    read: Callable[[bytes], Iterator[FailedRecord]]
    since: datetime | None = None
    until: datetime | None = None

    def chunks(self, after: Position | None) -> Iterator[Chunk]:
        """Yield the records behind a position, by the keys of their objects.

        Raises
        ------
        IncompleteCallError
            Where an answer is not that of S3, which counts the keys of a listing.
        """
        if after is not None:
            yield from self._object(after.key, int(after.place))
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self.prefix, StartAfter=after.key if after is not None else ""
        )
        for page in pages:
            if "KeyCount" not in page:
                raise IncompleteCallError("S3 answers no listing")
            for listed in page.get("Contents", []):
                if self._is_in_window(listed["LastModified"]):
                    yield from self._object(listed["Key"], 0)

    def _is_in_window(self, written_at: datetime) -> bool:
        return (self.since is None or written_at >= self.since) and (self.until is None or written_at < self.until)

    def _object(self, key: str, done: int) -> Iterator[Chunk]:
        try:
            content = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":  # it has expired since it was listed
                return
            raise
        records = list(self.read(content))
        for start in range(done, len(records), CHUNK_RECORDS):
            chunk = records[start : start + CHUNK_RECORDS]
            yield Chunk(Position(key, str(start + len(chunk))), chunk)


@dataclass(frozen=True, slots=True)
class StreamWindow:
    """The records of a stream that arrived within a window, shard by shard.

    Attributes
    ----------
    until
        At most the time at which the replay began: what it sends arrives later, and is not read again.
    """

    name: str
    client: KinesisClient
    stream: str
    since: datetime
    until: datetime
    sleep: Callable[[float], None] = time.sleep

    def chunks(self, after: Position | None) -> Iterator[Chunk]:
        """Yield the records behind a position, by shard and sequence number."""
        for shard in sorted(self._shards()):
            if after is None or shard > after.key:
                yield from self._shard(shard, {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": self.since})
            elif shard == after.key:
                yield from self._shard(shard, _after(after))

    def _shards(self) -> list[str]:
        shards: list[str] = []
        request: dict[str, Any] = {"StreamName": self.stream}
        while True:
            page = self.client.list_shards(**request)
            shards += [shard["ShardId"] for shard in page["Shards"]]
            if "NextToken" not in page:
                return shards
            request = {"NextToken": page["NextToken"]}

    def _shard(self, shard: str, start: dict[str, Any]) -> Iterator[Chunk]:
        iterator = self._iterator(shard, start)
        while iterator:
            answer = self._get(iterator)
            if answer is None:
                iterator = self._iterator(shard, start)
                continue
            records = [each for each in answer["Records"] if each["ApproximateArrivalTimestamp"] < self.until]
            for chunk in _chunks_of(shard, records):
                yield chunk
                start = _after(chunk.position)
            is_at_end = not answer["Records"] and answer.get("MillisBehindLatest", 0) == 0
            iterator = "" if is_at_end or len(records) < len(answer["Records"]) else answer.get("NextShardIterator", "")

    def _iterator(self, shard: str, start: dict[str, Any]) -> str:
        return self.client.get_shard_iterator(StreamName=self.stream, ShardId=shard, **start)["ShardIterator"]

    def _get(self, iterator: str) -> Any:
        """Return the next records; None where the iterator has expired, since sending took more than five minutes."""
        while True:
            self.sleep(_STREAM_PAUSE_SECONDS)
            try:
                return self.client.get_records(ShardIterator=iterator)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "ExpiredIteratorException":
                    return None
                if code not in _THROTTLED:
                    raise


def _after(position: Position) -> dict[str, Any]:
    return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": position.place}


def _chunks_of(shard: str, records: list[Any]) -> Iterator[Chunk]:
    """Yield whole records of a shard, about as many events together as a chunk has."""
    events: list[FailedRecord] = []
    for number, record in enumerate(records, 1):
        events += _of_record(record["Data"], record["ApproximateArrivalTimestamp"])
        if len(events) >= CHUNK_RECORDS or number == len(records):
            yield Chunk(Position(shard, record["SequenceNumber"]), events)
            events = []


def _of_record(data: bytes, arrived_at: datetime) -> list[FailedRecord]:
    try:
        return [FailedRecord("stream", "", payload, arrived_at) for payload in payloads_of(data)]
    except ValueError:
        return [FailedRecord("stream", UNREADABLE, b"", arrived_at)]


Source = Objects | StreamWindow


def failure_sources(
    s3: S3Client, bad_rows_bucket: str, lake_bucket: str, since: datetime | None, until: datetime | None = None
) -> list[Source]:
    """Return the places in which the stages keep failed records, of those that were written from `since` to `until`."""
    return [
        Objects("bad rows of collect", s3, bad_rows_bucket, "collect/", read_bad_rows, since, until),
        Objects("bad rows of forward", s3, bad_rows_bucket, "forward/", read_bad_rows, since, until),
        Objects("bad rows of lake", s3, bad_rows_bucket, "lake/", read_bad_rows, since, until),
        Objects("batches that forward gave back", s3, bad_rows_bucket, "aws/lambda/", read_discarded, since, until),
        Objects("errors of Firehose", s3, lake_bucket, "errors/", read_undelivered, since, until),
    ]
