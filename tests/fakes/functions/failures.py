"""The places in which failed records are kept, with the objects that our functions, Lambda and Firehose write."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

import json
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec

from backend.aws.bad_rows import put_bad_rows
from backend.contract import Event, Refusal, event_id_of
from backend.replay.replaying import Filters, Progress, replay
from backend.replay.sources import Source, StreamWindow, failure_sources
from deployment.workers.delivery.failures import CONVERSION_FAILED, PROCESSING_FAILED, Failure, write_failures
from deployment.workers.delivery.source import Row
from tests.factories.records import NOW
from tests.fakes.buckets import FakeS3
from tests.fakes.faults import client_error

if TYPE_CHECKING:
    from collections.abc import Callable

ARRIVED = NOW - timedelta(hours=2)


class ListedS3(FakeS3):
    """S3 with listings of two keys a page; every object was written at `NOW`. A proxy may answer in its place."""

    is_unknown = False

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_objects_v2"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, *, Bucket: str, Prefix: str, StartAfter: str) -> Any:
        keys = [key for key in self.keys(Bucket, Prefix) if key > StartAfter]
        for start in range(0, max(len(keys), 1), 2):
            contents = [{"Key": key, "LastModified": NOW} for key in keys[start : start + 2]]
            yield {} if self.is_unknown else {"Contents": contents, "KeyCount": len(contents)}


class ReadableStream:
    """The reading side of Kinesis: one list of records by shard, two records an answer."""

    def __init__(self, **shards: list[tuple[datetime, bytes]]) -> None:
        self.shards = shards
        self.failing: list[str] = []

    def list_shards(self, **_: Any) -> dict[str, Any]:
        return {"Shards": [{"ShardId": shard} for shard in self.shards]}

    def get_shard_iterator(
        self,
        *,
        StreamName: str,
        ShardId: str,
        ShardIteratorType: str,
        Timestamp: datetime | None = None,
        StartingSequenceNumber: str = "-1",
    ) -> dict[str, Any]:
        place = int(StartingSequenceNumber) + 1
        if Timestamp is not None:
            place = sum(arrived < Timestamp for arrived, _ in self.shards[ShardId])
        return {"ShardIterator": f"{ShardId} {place}"}

    def get_records(self, *, ShardIterator: str) -> dict[str, Any]:
        if self.failing:
            raise client_error(self.failing.pop(0), 400, "GetRecords")
        shard, place = ShardIterator.split()
        start = int(place)
        records = [
            {"Data": data, "ApproximateArrivalTimestamp": arrived, "SequenceNumber": str(number)}
            for number, (arrived, data) in enumerate(self.shards[shard][start : start + 2], start)
        ]
        behind = max(0, len(self.shards[shard]) - start - 2)
        return {
            "Records": records,
            "NextShardIterator": f"{shard} {start + len(records)}",
            "MillisBehindLatest": behind,
        }

    def window(self, since: datetime, until: datetime) -> StreamWindow:
        fake: Any = self
        return StreamWindow("stream", fake, "events", since, until, sleep=lambda _: None)


class FailedRecords:
    """Buckets with failed records, and a replay of them that keeps what it sends."""

    def __init__(self) -> None:
        self.s3 = ListedS3("bad-rows", "lake")
        self.sent: list[Event] = []
        self.saved: list[bytes] = []

    @property
    def sent_ids(self) -> list[str]:
        return [event_id_of(event) for event in self.sent]

    def refuse(self, stage: str, reason: str, *payloads: bytes, at: datetime = ARRIVED) -> None:
        """Write bad rows as `collect` and `forward` do."""
        rows = [(Refusal(reason, (), payload), at) for payload in payloads]
        fake: Any = self.s3
        put_bad_rows(rows, fake, "bad-rows", stage)

    def discard(self, condition: str, *records: dict[str, Any]) -> None:
        """Write a batch as the event-source mapping does once its retries are exhausted."""
        document = {"requestContext": {"condition": condition}, "payload": json.dumps({"Records": list(records)})}
        key = f"aws/lambda/mapping/shardId-000000000000/2026/02/01/{len(self.s3.objects)}"
        self.s3.put_object(Bucket="bad-rows", Key=key, Body=json.dumps(document).encode())

    def fail_delivery(self, *data: bytes, is_conversion: bool = False) -> None:
        """Write records as Firehose does that the transformation refused, or that could not be converted."""
        kind = CONVERSION_FAILED if is_conversion else PROCESSING_FAILED
        code = "DataFormatConversion.MalformedData" if is_conversion else "Lambda.ProcessingFailedStatus"
        rows = [_row(each) for each in data]
        failures = [Failure(row, kind, code, "", 1, NOW.timestamp()) for row in rows]
        key = f"errors/{kind}/2026/02/01/00/{len(self.s3.objects)}"
        body = write_failures(failures, "arn", None, "eu-central-1", "000000000000")
        self.s3.put_object(Bucket="lake", Key=key, Body=body)

    def sources(self, until: datetime | None = None) -> list[Source]:
        fake: Any = self.s3
        return failure_sources(fake, "bad-rows", "lake", None, until)

    def replay(
        self,
        sources: list[Source] | None = None,
        progress: Progress | None = None,
        send: Callable[[list[Event]], None] | None = None,
        **filters: Any,
    ) -> dict[str, int]:
        progress = progress or Progress(NOW, Filters(**filters))
        return replay(sources or self.sources(), send or self.sent.extend, progress, self._save)

    def _save(self, progress: Progress) -> None:
        self.saved.append(msgspec.json.encode(progress))


def _row(data: bytes) -> Row:
    return Row(data, ARRIVED.timestamp(), "1", 0, "ann")
