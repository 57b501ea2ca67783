"""The fakes of the unit and fault tests answer as the emulator does, with the same error or the same fields.

Left out is where the emulator lacks a limit that AWS documents, as for keys of S3 beyond 1,024 bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes.buckets import FakeS3
from tests.fakes.dynamodb import NOT_LATER, FakeDynamoDB
from tests.fakes.functions.forwarder import FakeParameters
from tests.fakes.functions.queue import FakeQueue
from tests.fakes.kinesis import FakeKinesis
from tests.fakes.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.emulator.process import Emulator

KEY = {"person": {"S": "u"}, "moment": {"S": "1"}}
DATED = {"person": {"S": "u"}, "moment": {"S": "dated"}}
OTHER = {"person": {"S": "u"}, "moment": {"S": "2"}}


def _records(*sizes: int, key: str = "k") -> dict[str, Any]:
    return {"StreamName": "events", "Records": [{"PartitionKey": key, "Data": b"x" * size} for size in sizes]}


def _writes(*items: dict[str, Any]) -> dict[str, Any]:
    return {"RequestItems": {"history": [{"PutRequest": {"Item": item}} for item in items]}}


def _puts(*items: dict[str, Any], updated_at: int = 2) -> dict[str, Any]:
    put = {
        "TableName": "history",
        "ConditionExpression": NOT_LATER,
        "ExpressionAttributeValues": {":updated_at": {"N": str(updated_at)}},
    }
    writes = [{"Put": put | {"Item": item | {"updated_at": {"N": str(updated_at)}}}} for item in items]
    return {"TransactItems": writes, "ReturnConsumedCapacity": "TOTAL"}


def _reads(*keys: dict[str, Any]) -> dict[str, Any]:
    return {"RequestItems": {"history": {"Keys": list(keys)}}}


def _items(count: int) -> list[dict[str, Any]]:
    return [{"person": {"S": "u"}, "moment": {"S": f"{n}"}} for n in range(count)]


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("kinesis", "put_records", _records(1, 10)),
    ("kinesis", "put_records", _records(1) | {"StreamName": "none"}),
    ("kinesis", "put_records", _records(*[1] * 501)),
    ("kinesis", "put_records", _records(2**20 + 1)),
    ("kinesis", "put_records", _records(1, key="k" * 257)),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "new", "Body": b"text"}),
    ("s3", "put_object", {"Bucket": "no-such-bucket", "Key": "new", "Body": b"text"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "there", "Body": b"text", "IfMatch": '"other"'}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "none", "Body": b"text", "IfMatch": '"other"'}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "there", "Body": b"text", "IfNoneMatch": "*"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "fresh", "Body": b"text", "IfNoneMatch": "*"}),
    ("s3", "head_object", {"Bucket": "bucket", "Key": "there"}),
    ("s3", "head_object", {"Bucket": "bucket", "Key": "none"}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "there", "Range": "bytes=2-"}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "there", "Range": "bytes=200-"}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "none"}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "there", "IfMatch": '"other"'}),
    ("dynamodb", "batch_write_item", _writes(KEY, OTHER)),
    ("dynamodb", "batch_write_item", _writes(KEY, KEY)),
    ("dynamodb", "batch_write_item", _writes(*_items(26))),
    ("dynamodb", "batch_write_item", _writes(KEY | {"moment": {"S": ""}})),
    ("dynamodb", "batch_write_item", _writes(KEY | {"text": {"S": "x" * 410_000}})),
    ("dynamodb", "transact_write_items", _puts(OTHER, DATED)),
    ("dynamodb", "transact_write_items", _puts(DATED, updated_at=1)),
    ("dynamodb", "transact_write_items", _puts(KEY, KEY)),
    ("dynamodb", "transact_write_items", _puts(*_items(101))),
    ("dynamodb", "transact_write_items", _puts(*({"text": {"S": "x" * 90_000}} | item for item in _items(50)))),
    ("dynamodb", "batch_get_item", _reads(KEY, OTHER)),
    ("dynamodb", "batch_get_item", _reads(KEY, KEY)),
    ("dynamodb", "batch_get_item", _reads(*_items(101))),
    ("dynamodb", "get_item", {"TableName": "history", "Key": OTHER | {"moment": {"S": "none"}}}),
    ("ssm", "get_parameter", {"Name": "there"}),
    ("sqs", "send_message", {"MessageBody": '{"key": "ü"}'}),
    ("sqs", "send_message", {"MessageBody": "x" * (2**18 + 1)}),
    ("sqs", "send_message", {"MessageBody": "\x00"}),
]


@pytest.fixture(scope="module")
def clients(shared_emulator: Emulator) -> dict[str, tuple[Any, Any]]:
    """Return the emulator's client and the fake of each service, with the same content."""
    real = {name: shared_emulator.client(name) for name in ("kinesis", "s3", "dynamodb", "ssm", "sqs")}
    fakes: dict[str, Any] = {
        "kinesis": FakeKinesis(),
        "s3": FakeS3("bucket"),
        "dynamodb": FakeDynamoDB({"history": ("person", "moment")}),
        "ssm": FakeParameters("value"),
        "sqs": FakeQueue(),
    }
    real["kinesis"].create_stream(StreamName="events", ShardCount=1)
    real["s3"].create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    real["s3"].put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    keys = [{"AttributeName": name, "KeyType": kind} for name, kind in (("person", "HASH"), ("moment", "RANGE"))]
    attributes = [{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys]
    real["dynamodb"].create_table(
        TableName="history", KeySchema=keys, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST"
    )
    real["ssm"].put_parameter(Name="there", Value="value", Type="String")
    fakes["sqs"].url = real["sqs"].create_queue(QueueName="queue", Attributes={"MaximumMessageSize": "262144"})[
        "QueueUrl"
    ]
    for client in (real["s3"], fakes["s3"]):
        client.put_object(Bucket="bucket", Key="there", Body=b"content")
    for client in (real["dynamodb"], fakes["dynamodb"]):
        client.batch_write_item(**_writes(KEY))
        client.transact_write_items(**_puts(DATED))
    wait_until(lambda: real["kinesis"].describe_stream_summary(StreamName="events"))
    return {name: (real[name], fakes[name]) for name in real}


def _outcome(call: Callable[..., Any], arguments: dict[str, Any]) -> str | set[str]:
    try:
        answer = call(**arguments)
    except ClientError as error:
        reasons = error.response.get("CancellationReasons", [])
        return " ".join([str(error.response["Error"]["Code"]), *(reason["Code"] for reason in reasons)])
    return set(answer)


@pytest.mark.parametrize(("service", "operation", "arguments"), CALLS)
def test_a_fake_answers_as_the_emulator(
    clients: dict[str, tuple[Any, Any]], service: str, operation: str, arguments: dict[str, Any]
) -> None:
    real, fake = clients[service]
    if service == "sqs":
        arguments = {"QueueUrl": fake.url, **arguments}

    expected, given = (_outcome(getattr(client, operation), arguments) for client in (real, fake))

    if isinstance(expected, str) or isinstance(given, str):
        assert given == expected
    else:
        assert given <= expected
