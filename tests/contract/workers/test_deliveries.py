"""What AWS documents of Firehose delivery to S3, asserted from outside."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from backend.contract.aggregate import pack
from tests.contract.conftest import REGION
from tests.contract.workers.conftest import ROLE

if TYPE_CHECKING:
    from tests.contract.workers.conftest import Carried

TRANSFORM = """
import base64, json

def handler(event, context):
    answers = []
    for record in event["records"]:
        data = json.loads(base64.b64decode(record["data"]))
        if data.get("boom"):
            raise ValueError("boom")
        result = data.pop("result", "Ok")
        data["batch"] = len(event["records"])
        body = base64.b64encode(json.dumps(data).encode()).decode()
        answers.append({"recordId": record["recordId"], "result": result, "data": body})
    return {"records": answers}
"""


def bucket(carried: Carried) -> str:
    name = f"b-{uuid.uuid4().hex[:8]}"
    carried.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def deliver(carried: Carried, target: str, stream: str | None, **settings: Any) -> str:
    name = f"d-{uuid.uuid4().hex[:8]}"
    request: dict[str, Any] = {
        "DeliveryStreamName": name,
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{target}",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 2},
            **settings,
        },
    }
    if stream is not None:
        request["DeliveryStreamType"] = "KinesisStreamAsSource"
        request["KinesisStreamSourceConfiguration"] = {
            "KinesisStreamARN": carried.stream_arn(stream),
            "RoleARN": ROLE,
        }
    carried.client("firehose").create_delivery_stream(**request)
    return name


def transform(carried: Carried, **parameters: str) -> dict[str, Any]:
    function = carried.function_of(TRANSFORM)
    values = {"LambdaArn": f"arn:aws:lambda:{REGION}:000000000000:function:{function}", **parameters}
    return {
        "Enabled": True,
        "Processors": [
            {
                "Type": "Lambda",
                "Parameters": [{"ParameterName": name, "ParameterValue": value} for name, value in values.items()],
            }
        ],
    }


def parquet(carried: Carried, columns: dict[str, str]) -> dict[str, Any]:
    database = f"db_{uuid.uuid4().hex[:8]}"
    glue = carried.client("glue")
    glue.create_database(DatabaseInput={"Name": database})
    described = [{"Name": name, "Type": type_} for name, type_ in columns.items()]
    glue.create_table(DatabaseName=database, TableInput={"Name": "events", "StorageDescriptor": {"Columns": described}})
    return {
        "Enabled": True,
        "SchemaConfiguration": {"DatabaseName": database, "TableName": "events", "RoleARN": ROLE, "Region": REGION},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {"Compression": "SNAPPY"}}},
    }


def test_records_lie_in_one_object_with_nothing_between(carried: Carried):
    stream, target = carried.stream(), bucket(carried)
    key = carried.client("kms").create_key()["KeyMetadata"]["Arn"]
    encryption = {"KMSEncryptionConfig": {"AWSKMSKeyARN": key}}
    name = deliver(carried, target, stream, EncryptionConfiguration=encryption)

    carried.put(stream, [b"one", b"two", pack([("k", b"three"), ("k", b"four")])])

    [(name_of_object, body)] = carried.until(lambda: carried.objects(target)).items()
    assert body == b"onetwothreefour"
    assert carried.client("s3").head_object(Bucket=target, Key=name_of_object)["SSEKMSKeyId"] == key
    now = datetime.now(UTC)
    assert re.fullmatch(
        rf"{now:%Y/%m/%d}/\d\d/{name}-1-{now:%Y}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9a-f-]{{36}}", name_of_object
    )


def test_an_object_is_written_when_the_buffer_is_full_before_its_interval(carried: Carried):
    stream, target = carried.stream(), bucket(carried)
    deliver(carried, target, stream, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})

    carried.put(stream, [b"x" * 100_000] * 12)

    [body] = carried.until(lambda: carried.objects(target)).values()
    assert len(body) >= 1024 * 1024


def test_gzip_delimiter_and_prefixes(carried: Carried):
    stream, target = carried.stream(), bucket(carried)
    delimiter = {
        "Type": "AppendDelimiterToRecord",
        "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}],
    }
    deliver(
        carried,
        target,
        stream,
        CompressionFormat="GZIP",
        Prefix="raw/day=!{timestamp:yyyy-MM-dd}/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        ProcessingConfiguration={"Enabled": True, "Processors": [delimiter]},
    )

    carried.put(stream, [b"one", b"two"])

    [(key, body)] = carried.until(lambda: carried.objects(target)).items()
    assert key.startswith(f"raw/day={datetime.now(UTC):%Y-%m-%d}/")
    assert key.endswith(".gz")
    assert gzip.decompress(body) == b"one\ntwo\n"


def test_a_transform_gets_batches_and_what_fails_lies_under_the_error_prefix(carried: Carried):
    stream, target = carried.stream(), bucket(carried)
    deliver(
        carried,
        target,
        stream,
        Prefix="good/!{timestamp:yyyy}/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        ProcessingConfiguration=transform(carried),
    )

    records = [{"n": 1}, {"n": 2, "result": "Dropped"}, {"n": 3, "result": "ProcessingFailed"}]
    carried.put(stream, [pack([("k", json.dumps(record).encode()) for record in records])])

    carried.until(lambda: len(carried.objects(target)) == 2)
    [good] = carried.objects(target, "good/").values()
    assert json.loads(good) == {"n": 1, "batch": 3}
    [failed] = carried.objects(target, "errors/processing-failed/").values()
    document = json.loads(failed)
    assert set(document) == {
        "attemptsMade",
        "arrivalTimestamp",
        "errorCode",
        "errorMessage",
        "attemptEndingTimestamp",
        "rawData",
        "lambdaARN",
    }
    assert document["errorCode"] == "Lambda.ProcessingFailedStatus"
    assert json.loads(base64.b64decode(document["rawData"])) == records[2]


def test_a_function_that_fails_is_tried_again_and_then_its_batch_is_put_aside(carried: Carried):
    stream, target = carried.stream(), bucket(carried)
    deliver(
        carried,
        target,
        stream,
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        ProcessingConfiguration=transform(carried, NumberOfRetries="1"),
    )

    carried.put(stream, [{"n": 1}, {"boom": True}])

    [body] = carried.until(lambda: carried.objects(target)).values()
    documents = [json.loads(line) for line in body.splitlines()]
    assert [document["attemptsMade"] for document in documents] == [2, 2]
    assert {document["errorCode"] for document in documents} == {"Lambda.FunctionError"}


def test_parquet_has_the_tables_columns_and_what_does_not_convert_lies_aside(carried: Carried):
    stream, target = carried.stream(), bucket(carried)
    deliver(
        carried,
        target,
        stream,
        Prefix="raw/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 2},
        DataFormatConversionConfiguration=parquet(
            carried, {"event_id": "string", "timestamp": "timestamp", "event_value": "double", "seen": "array<string>"}
        ),
    )

    good = {"event_id": "e-1", "Timestamp": "2026-02-01T10:30:00.250Z", "event_value": 1, "seen": ["a"], "more": 1}
    carried.put(stream, [good, {"event_id": "e-2"}, {"event_value": "x"}, b"{"])

    carried.until(lambda: len(carried.objects(target)) == 2)
    [(key, body)] = carried.objects(target, "raw/").items()
    assert key.endswith(".parquet")
    rows = pq.read_table(io.BytesIO(body)).to_pylist()
    assert rows[0] == {
        "event_id": "e-1",
        "timestamp": datetime.fromisoformat("2026-02-01T10:30:00.250"),
        "event_value": 1.0,
        "seen": ["a"],
    }
    assert rows[1] == {"event_id": "e-2", "timestamp": None, "event_value": None, "seen": None}
    [failed] = carried.objects(target, "errors/format-conversion-failed/").values()
    codes = [json.loads(line)["lastErrorCode"] for line in failed.splitlines()]
    assert codes == ["DataFormatConversion.MalformedData", "DataFormatConversion.ParseError"]


def test_without_the_table_everything_lies_under_the_error_prefix(carried: Carried):
    stream, target = carried.stream(), bucket(carried)
    conversion = parquet(carried, {"a": "int"})
    conversion["SchemaConfiguration"]["TableName"] = "gone"
    deliver(
        carried,
        target,
        stream,
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        DataFormatConversionConfiguration=conversion,
    )

    carried.put(stream, [{"a": 1}])

    [(key, body)] = carried.until(lambda: carried.objects(target)).items()
    assert key.startswith("errors/format-conversion-failed/")
    assert json.loads(body)["lastErrorCode"] == "DataFormatConversion.EntityNotFound"


def test_direct_puts_are_delivered(carried: Carried):
    target = bucket(carried)
    name = deliver(carried, target, None)

    carried.client("firehose").put_record_batch(
        DeliveryStreamName=name, Records=[{"Data": b"one\n"}, {"Data": b"two\n"}]
    )

    assert list(carried.until(lambda: carried.objects(target)).values()) == [b"one\ntwo\n"]


def test_delivery_begins_at_the_delivery_streams_creation(carried: Carried):
    stream, target = carried.stream(), bucket(carried)
    carried.put(stream, [b"before"])
    time.sleep(1.5)

    deliver(carried, target, stream)
    carried.put(stream, [b"after"])

    assert list(carried.until(lambda: carried.objects(target)).values()) == [b"after"]


@pytest.mark.parametrize("settings", [{"CompressionFormat": "ZIP"}])
def test_what_is_not_done_is_said_and_nothing_is_delivered(carried: Carried, settings: dict[str, Any]):
    stream, target = carried.stream(), bucket(carried)
    name = deliver(carried, target, stream, **settings)

    carried.put(stream, [b"one"])

    carried.until(lambda: f"delivery/{name}" in carried.log() and "not supported: compression ZIP" in carried.log())
    assert carried.objects(target) == {}
