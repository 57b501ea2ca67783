"""Firehose delivery to S3 as AWS documents it, through the public API."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from backend.contract.aggregate import aggregate_records
from tests.fakes.emulator.deliveries import make_bucket, make_delivery_stream, parquet_settings, transform_settings

if TYPE_CHECKING:
    from tests.fakes.emulator.workers import Laptop

ERRORS = "errors/!{firehose:error-output-type}/"


def test_records_lie_in_one_object_with_nothing_between(laptop: Laptop):
    stream, target = laptop.stream(), make_bucket(laptop)
    key = laptop.client("kms").create_key()["KeyMetadata"]["Arn"]
    encryption = {"KMSEncryptionConfig": {"AWSKMSKeyARN": key}}
    name = make_delivery_stream(laptop, target, stream, EncryptionConfiguration=encryption)

    laptop.put(stream, [b"one", b"two", aggregate_records([("k", b"three"), ("k", b"four")])])

    [(name_of_object, body)] = laptop.wait_until(lambda: laptop.objects(target)).items()
    assert body == b"onetwothreefour"
    assert laptop.client("s3").head_object(Bucket=target, Key=name_of_object)["SSEKMSKeyId"] == key
    now = datetime.now(UTC)
    assert re.fullmatch(
        rf"{now:%Y/%m/%d}/\d\d/{name}-1-{now:%Y}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9a-f-]{{36}}", name_of_object
    )


def test_an_object_is_written_when_the_buffer_is_full_before_its_interval(laptop: Laptop):
    stream, target = laptop.stream(), make_bucket(laptop)
    make_delivery_stream(laptop, target, stream, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})

    laptop.put(stream, [b"x" * 100_000] * 12)

    [body] = laptop.wait_until(lambda: laptop.objects(target)).values()
    assert len(body) >= 1024 * 1024


def test_gzip_delimiter_and_prefixes(laptop: Laptop):
    stream, target = laptop.stream(), make_bucket(laptop)
    delimiter = {
        "Type": "AppendDelimiterToRecord",
        "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}],
    }
    make_delivery_stream(
        laptop,
        target,
        stream,
        CompressionFormat="GZIP",
        Prefix="raw/day=!{timestamp:yyyy-MM-dd}/",
        ErrorOutputPrefix=ERRORS,
        ProcessingConfiguration={"Enabled": True, "Processors": [delimiter]},
    )

    laptop.put(stream, [b"one", b"two"])

    [(key, body)] = laptop.wait_until(lambda: laptop.objects(target)).items()
    assert key.startswith(f"raw/day={datetime.now(UTC):%Y-%m-%d}/")
    assert key.endswith(".gz")
    assert gzip.decompress(body) == b"one\ntwo\n"


def test_a_transform_gets_batches_and_failures_are_under_the_error_prefix(laptop: Laptop):
    stream, target = laptop.stream(), make_bucket(laptop)
    make_delivery_stream(
        laptop,
        target,
        stream,
        Prefix="good/!{timestamp:yyyy}/",
        ErrorOutputPrefix=ERRORS,
        ProcessingConfiguration=transform_settings(laptop),
    )

    records = [{"n": 1}, {"n": 2, "result": "Dropped"}, {"n": 3, "result": "ProcessingFailed"}]
    laptop.put(stream, [aggregate_records([("k", json.dumps(record).encode()) for record in records])])

    laptop.wait_until(lambda: len(laptop.objects(target)) == 2)
    [good] = laptop.objects(target, "good/").values()
    assert json.loads(good) == {"n": 1, "batch": 3}
    [failed] = laptop.objects(target, "errors/processing-failed/").values()
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


def test_a_failing_function_is_retried_and_its_batch_then_goes_under_the_error_prefix(laptop: Laptop):
    stream, target = laptop.stream(), make_bucket(laptop)
    processing = transform_settings(laptop, NumberOfRetries="1")
    make_delivery_stream(laptop, target, stream, ErrorOutputPrefix=ERRORS, ProcessingConfiguration=processing)

    laptop.put(stream, [{"n": 1}, {"boom": True}])

    [body] = laptop.wait_until(lambda: laptop.objects(target)).values()
    documents = [json.loads(line) for line in body.splitlines()]
    assert [document["attemptsMade"] for document in documents] == [2, 2]
    assert {document["errorCode"] for document in documents} == {"Lambda.FunctionError"}


def test_parquet_has_the_tables_columns_and_failed_conversions_are_under_the_error_prefix(laptop: Laptop):
    stream, target = laptop.stream(), make_bucket(laptop)
    make_delivery_stream(
        laptop,
        target,
        stream,
        Prefix="raw/",
        ErrorOutputPrefix=ERRORS,
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 2},
        DataFormatConversionConfiguration=parquet_settings(
            laptop, {"event_id": "string", "timestamp": "timestamp", "event_value": "double", "seen": "array<string>"}
        ),
    )

    good = {"event_id": "e-1", "Timestamp": "2026-02-01T10:30:00.250Z", "event_value": 1, "seen": ["a"], "more": 1}
    laptop.put(stream, [good, {"event_id": "e-2"}, {"event_value": "x"}, b"{"])

    laptop.wait_until(lambda: len(laptop.objects(target)) == 2)
    [(key, body)] = laptop.objects(target, "raw/").items()
    assert key.endswith(".parquet")
    rows = pq.read_table(io.BytesIO(body)).to_pylist()
    assert rows[0] == {
        "event_id": "e-1",
        "timestamp": datetime.fromisoformat("2026-02-01T10:30:00.250"),
        "event_value": 1.0,
        "seen": ["a"],
    }
    assert rows[1] == {"event_id": "e-2", "timestamp": None, "event_value": None, "seen": None}
    [failed] = laptop.objects(target, "errors/format-conversion-failed/").values()
    codes = [json.loads(line)["lastErrorCode"] for line in failed.splitlines()]
    assert codes == ["DataFormatConversion.MalformedData", "DataFormatConversion.ParseError"]


def test_without_the_table_every_record_is_under_the_error_prefix(laptop: Laptop):
    stream, target = laptop.stream(), make_bucket(laptop)
    conversion = parquet_settings(laptop, {"a": "int"})
    conversion["SchemaConfiguration"]["TableName"] = "gone"
    make_delivery_stream(laptop, target, stream, ErrorOutputPrefix=ERRORS, DataFormatConversionConfiguration=conversion)

    laptop.put(stream, [{"a": 1}])

    [(key, body)] = laptop.wait_until(lambda: laptop.objects(target)).items()
    assert key.startswith("errors/format-conversion-failed/")
    assert json.loads(body)["lastErrorCode"] == "DataFormatConversion.EntityNotFound"


def test_direct_puts_are_delivered(laptop: Laptop):
    target = make_bucket(laptop)
    name = make_delivery_stream(laptop, target, None)

    laptop.client("firehose").put_record_batch(
        DeliveryStreamName=name, Records=[{"Data": b"one\n"}, {"Data": b"two\n"}]
    )

    assert list(laptop.wait_until(lambda: laptop.objects(target)).values()) == [b"one\ntwo\n"]


def test_delivery_begins_at_the_delivery_streams_creation(laptop: Laptop):
    stream, target = laptop.stream(), make_bucket(laptop)
    laptop.put(stream, [b"before"])
    time.sleep(1.5)

    make_delivery_stream(laptop, target, stream)
    laptop.put(stream, [b"after"])

    assert list(laptop.wait_until(lambda: laptop.objects(target)).values()) == [b"after"]


def test_an_unsupported_setting_is_logged_and_nothing_is_delivered(laptop: Laptop):
    stream, target = laptop.stream(), make_bucket(laptop)
    name = make_delivery_stream(laptop, target, stream, CompressionFormat="ZIP")

    laptop.put(stream, [b"one"])

    laptop.wait_until(lambda: f"delivery/{name}" in laptop.log() and "not supported: compression ZIP" in laptop.log())
    assert laptop.objects(target) == {}
