"""The record that an on-failure destination gets about a discarded batch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployment.workers.mapping.retries import Batch

RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
TOO_OLD = "RecordAgeExceeded"


@dataclass(frozen=True)
class Invocation:
    """The last invocation with a batch.

    Parameters
    ----------
    status
        The HTTP status, or None when the function was never invoked.
    function_error
        ``Handled``, ``Unhandled`` or None.
    """

    request_id: str
    count: int = 0
    status: int | None = None
    version: str = "$LATEST"
    function_error: str | None = None


def write_failure_record(
    batch: Batch, condition: str, last: Invocation, stream_arn: str, shard_id: str, function_arn: str, now: datetime
) -> dict[str, object]:
    """Return the record that AWS sends to SQS and SNS, and to S3 together with the payload.

    The condition is `RETRIES_EXHAUSTED` or `TOO_OLD`. Source: Lambda developer guide, "Retain discarded batch records
    for a Kinesis Data Streams event source".
    """
    first, final = batch.entries[0].record, batch.entries[-1].record
    failure: dict[str, object] = {
        "requestContext": {
            "requestId": last.request_id,
            "functionArn": function_arn,
            "condition": condition,
            "approximateInvokeCount": last.count,
        },
    }
    if last.status is not None:
        response: dict[str, object] = {"statusCode": last.status, "executedVersion": last.version}
        if last.function_error:
            response["functionError"] = last.function_error
        failure["responseContext"] = response
    failure |= {
        "version": "1.0",
        "timestamp": _written(now),
        "KinesisBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": first.sequence,
            "endSequenceNumber": final.sequence,
            "approximateArrivalOfFirstRecord": _written(datetime.fromtimestamp(first.arrived, UTC)),
            "approximateArrivalOfLastRecord": _written(datetime.fromtimestamp(final.arrived, UTC)),
            "batchSize": len(batch.entries),
            "streamArn": stream_arn,
        },
    }
    return failure


def write_s3_record(failure: dict[str, object], payload: bytes) -> bytes:
    """Return the S3 object of a failure record: the record, with the whole event as a string under ``payload``."""
    return json.dumps({**failure, "payload": payload.decode()}).encode()


def object_key(mapping_uuid: str, shard_id: str, now: datetime, random: str) -> str:
    """Return the key of an S3 destination's object, as AWS documents it; `random` makes it unique within a second."""
    return f"aws/lambda/{mapping_uuid}/{shard_id}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{random}"


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
