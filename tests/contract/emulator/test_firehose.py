"""Firehose stores direct puts; the workers deliver them and have tests of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from deployment.emulator.settings import ACCOUNT
from tests.fakes.emulator.process import REGION

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator

BUCKET = "delivered-to"


@pytest.fixture
def firehose(emulator: Emulator) -> Any:
    emulator.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return emulator.client("firehose")


def make_delivery_stream(firehose: Any, **options: Any) -> None:
    destination = {"RoleARN": f"arn:aws:iam::{ACCOUNT}:role/delivery", "BucketARN": f"arn:aws:s3:::{BUCKET}"}
    firehose.create_delivery_stream(
        DeliveryStreamName="direct", ExtendedS3DestinationConfiguration=destination, **options
    )


def spooled(emulator: Emulator) -> list[bytes]:
    kinesis = emulator.client("kinesis")
    name = "rivulet.hidden.firehose.direct"
    (shard,) = kinesis.list_shards(StreamName=name)["Shards"]
    start = kinesis.get_shard_iterator(StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    return [record["Data"] for record in kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]]


def test_direct_puts_wait_durably_and_in_order(emulator: Emulator, firehose: Any) -> None:
    make_delivery_stream(firehose)

    firehose.put_record(DeliveryStreamName="direct", Record={"Data": b"1"})
    batch = firehose.put_record_batch(DeliveryStreamName="direct", Records=[{"Data": b"2"}, {"Data": b"3"}])
    emulator.kill()
    emulator.start()

    assert batch["FailedPutCount"] == 0
    assert len({each["RecordId"] for each in batch["RequestResponses"]}) == 2
    assert spooled(emulator) == [b"1", b"2", b"3"]


def test_nothing_is_delivered_by_the_emulator_itself(emulator: Emulator, firehose: Any) -> None:
    make_delivery_stream(firehose)

    firehose.put_record(DeliveryStreamName="direct", Record={"Data": b"1"})

    assert emulator.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_its_streams_are_not_listed_and_go_with_it(emulator: Emulator, firehose: Any) -> None:
    make_delivery_stream(firehose)
    kinesis = emulator.client("kinesis")

    assert kinesis.list_streams()["StreamNames"] == []
    firehose.delete_delivery_stream(DeliveryStreamName="direct")

    with pytest.raises(ClientError):
        kinesis.list_shards(StreamName="rivulet.hidden.firehose.direct")


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([{"Data": b"x"}] * 501, "ValidationException"),
        ([{"Data": b"x" * (1000 * 1024 + 1)}], "ValidationException"),
        ([{"Data": b"x" * 900_000}] * 5, "InvalidArgumentException"),
    ],
    ids=["501 records", "1,000 KiB and a byte", "over 4 MiB"],
)
def test_limits(firehose: Any, records: list[dict[str, bytes]], code: str) -> None:
    make_delivery_stream(firehose)

    with pytest.raises(ClientError) as caught:
        firehose.put_record_batch(DeliveryStreamName="direct", Records=records)

    assert caught.value.response["Error"]["Code"] == code
    if len(records) == 1:
        with pytest.raises(ClientError, match="1024000"):
            firehose.put_record(DeliveryStreamName="direct", Record=records[0])


def test_an_encrypted_stream_says_so_of_each_put(firehose: Any) -> None:
    make_delivery_stream(firehose)
    assert firehose.put_record(DeliveryStreamName="direct", Record={"Data": b"1"})["Encrypted"] is False

    firehose.start_delivery_stream_encryption(DeliveryStreamName="direct")

    assert firehose.put_record(DeliveryStreamName="direct", Record={"Data": b"2"})["Encrypted"] is True
