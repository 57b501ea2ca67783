from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from deployment.workers.delivery.failures import CONVERSION_FAILED, PROCESSING_FAILED, Failure, write_failures
from deployment.workers.delivery.objects import Flush, join
from deployment.workers.delivery.settings import Conversion
from tests.factories.workers.records import ARRIVED, FUNCTION_ARN, SHARD, delivery, row


def flush(**changes: Any) -> Flush:
    return Flush(
        delivery(prefix="raw/!{timestamp:HH}/", error_prefix="bad/!{firehose:error-output-type}/", **changes),
        SHARD,
        "7",
    )


def test_objects_are_named_as_firehose_names_them():
    key = flush(extension=".parquet", version="3").key(ARRIVED)

    uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    assert re.fullmatch(rf"raw/10/lake-3-2026-02-01-10-30-00-{uuid}\.parquet", key)


def test_a_repeated_flush_has_the_same_names_and_another_has_others():
    repeated, other = flush(), replace(flush(), first_sequence="8")

    assert flush().key(ARRIVED) == repeated.key(ARRIVED) != other.key(ARRIVED)
    assert flush().error_key(PROCESSING_FAILED, ARRIVED).startswith("bad/processing-failed/lake-1-")
    assert flush().error_key(PROCESSING_FAILED, ARRIVED) != flush().error_key(CONVERSION_FAILED, ARRIVED)


def test_times_are_in_the_streams_zone():
    assert flush(zone=ZoneInfo("Asia/Tokyo")).key(ARRIVED).startswith("raw/19/lake-1-2026-02-01-19-30-00-")


def test_records_are_concatenated_with_the_streams_delimiter_only():
    rows = [row(1, data=b"a"), row(2, data=b"b")]

    assert join(rows, b"", compress=False) == b"ab"
    assert join(rows, b"\n", compress=False) == b"a\nb\n"
    assert gzip.decompress(join(rows, b"\n", compress=True)) == b"a\nb\n"
    assert join(rows, b"", compress=True) == join(rows, b"", compress=True)


def test_a_transform_failure_is_written_as_documented():
    failure = Failure(row(1, data=b"raw"), PROCESSING_FAILED, "Lambda.FunctionError", "It failed.", 4, ARRIVED + 9)

    document = json.loads(write_failures([failure], FUNCTION_ARN, None, "eu-central-1", "000000000000"))

    assert document == {
        "attemptsMade": 4,
        "arrivalTimestamp": round((ARRIVED + 1) * 1000),
        "errorCode": "Lambda.FunctionError",
        "errorMessage": "It failed.",
        "attemptEndingTimestamp": round((ARRIVED + 9) * 1000),
        "rawData": base64.b64encode(b"raw").decode(),
        "lambdaARN": FUNCTION_ARN,
    }


def test_a_conversion_failure_is_written_as_documented():
    failure = Failure(row(1), CONVERSION_FAILED, "DataFormatConversion.ParseError", "No JSON.", 1, ARRIVED)

    body = write_failures([failure, failure], None, Conversion("db", "events"), "eu-central-1", "000000000000")

    first, second = (json.loads(line) for line in body.splitlines())
    assert first == second
    assert (first["lastErrorCode"], first["lastErrorMessage"]) == ("DataFormatConversion.ParseError", "No JSON.")
    assert (first["sequenceNumber"], first["subSequenceNumber"]) == (row(1).sequence, 0)
    assert first["dataCatalogTable"] == {
        "catalogId": "000000000000",
        "databaseName": "db",
        "tableName": "events",
        "region": "eu-central-1",
        "versionId": "LATEST",
    }
