"""Valid records of a stream, mappings and delivery streams; a keyword sets a field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from deployment.workers.delivery.settings import Delivery
from deployment.workers.delivery.source import Row
from deployment.workers.mapping.batch import Entry, Origin, write_entry
from deployment.workers.mapping.retries import Batch
from deployment.workers.mapping.settings import Mapping
from deployment.workers.shards import Record

STREAM_ARN = "arn:aws:kinesis:eu-central-1:000000000000:stream/clicks"
FUNCTION_ARN = "arn:aws:lambda:eu-central-1:000000000000:function:forward"
DELIVERY_ARN = "arn:aws:firehose:eu-central-1:000000000000:deliverystream/lake"
SHARD = "shardId-000000000000"
ARRIVED = datetime(2026, 2, 1, 10, 30, 0, 250_000, tzinfo=UTC).timestamp()


def record(number: int = 1, **changes: Any) -> Record:
    fields = {"sequence": f"{number:056d}", "partition_key": "u-1", "arrived": ARRIVED + number, "data": b'{"a":1}'}
    return Record(**{**fields, **changes})


def origin() -> Origin:
    return Origin(STREAM_ARN, SHARD, "eu-central-1", "arn:aws:iam::000000000000:role/forward")


def entry(number: int = 1, **changes: Any) -> Entry:
    return write_entry(record(number, **changes), origin())


def make_batch(size: int, retries: int = 0) -> Batch:
    return Batch(tuple(entry(number) for number in range(size)), retries)


def mapping(**changes: Any) -> Mapping:
    return Mapping(**{"uuid": "m-1", "stream_arn": STREAM_ARN, "function_arn": FUNCTION_ARN, **changes})


def delivery(**changes: Any) -> Delivery:
    fields = {
        "name": "lake",
        "arn": DELIVERY_ARN,
        "version": "1",
        "created": ARRIVED,
        "stream_arn": STREAM_ARN,
        "direct": False,
        "start": ARRIVED,
        "bucket": "lake-bucket",
    }
    return Delivery(**{**fields, **changes})


def row(number: int = 1, **changes: Any) -> Row:
    fields = {
        "data": b'{"a":1}',
        "arrived": ARRIVED + number,
        "sequence": f"{number:056d}",
        "subsequence": 0,
        "partition_key": "u-1",
    }
    return Row(**{**fields, **changes})
