from __future__ import annotations

import json
from datetime import UTC, datetime

from deployment.workers.mapping.discarded import (
    RETRIES_EXHAUSTED,
    TOO_OLD,
    Invocation,
    object_key,
    write_failure_record,
    write_s3_record,
)
from tests.factories.workers.records import FUNCTION_ARN, SHARD, STREAM_ARN, make_batch

NOW = datetime(2026, 2, 1, 11, 0, 0, 6_000, tzinfo=UTC)


def test_a_notice_has_the_documented_members():
    last = Invocation("r-1", count=3, status=200, function_error="Unhandled")

    notice = write_failure_record(make_batch(2), RETRIES_EXHAUSTED, last, STREAM_ARN, SHARD, FUNCTION_ARN, NOW)

    assert notice == {
        "requestContext": {
            "requestId": "r-1",
            "functionArn": FUNCTION_ARN,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-02-01T11:00:00.006Z",
        "KinesisBatchInfo": {
            "shardId": SHARD,
            "startSequenceNumber": f"{0:056d}",
            "endSequenceNumber": f"{1:056d}",
            "approximateArrivalOfFirstRecord": "2026-02-01T10:30:00.250Z",
            "approximateArrivalOfLastRecord": "2026-02-01T10:30:01.250Z",
            "batchSize": 2,
            "streamArn": STREAM_ARN,
        },
    }


def test_records_never_given_to_the_function_have_no_response():
    notice = write_failure_record(make_batch(1), TOO_OLD, Invocation("r-1"), STREAM_ARN, SHARD, FUNCTION_ARN, NOW)

    assert "responseContext" not in notice


def test_the_object_holds_the_event_as_it_went_to_the_function():
    document = json.loads(write_s3_record({"version": "1.0"}, b'{"Records":[]}'))

    assert document == {"version": "1.0", "payload": '{"Records":[]}'}


def test_the_object_has_the_documented_key():
    assert object_key("m-1", SHARD, NOW, "rnd") == f"aws/lambda/m-1/{SHARD}/2026/02/01/2026-02-01T11.00.00-rnd"
