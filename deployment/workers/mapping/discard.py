"""What an on-failure destination is told about a batch that was given up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployment.workers.mapping.verdict import Work

RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
TOO_OLD = "RecordAgeExceeded"


@dataclass(frozen=True)
class Invocation:
    """The last invocation with a batch, as its answer told it.

    Parameters
    ----------
    request_id
        Its request id.
    count
        How many there were.
    status
        HTTP status of the last, or None when the function was never reached.
    version
        The version that ran.
    function_error
        ``Handled``, ``Unhandled`` or None.
    """

    request_id: str
    count: int = 0
    status: int | None = None
    version: str = "$LATEST"
    function_error: str | None = None


def write_notice(
    work: Work, condition: str, last: Invocation, stream_arn: str, shard_id: str, function_arn: str, now: datetime
) -> dict[str, object]:
    """Write the record that AWS sends to SQS and SNS, and to S3 with the payload beside it.

    Parameters
    ----------
    work
        The batch.
    condition
        Why it was given up: `RETRIES_EXHAUSTED` or `TOO_OLD`.
    last
        The last invocation.
    stream_arn, shard_id, function_arn
        Where the records lie and where they were to go.
    now
        When it was given up.

    Returns
    -------
    dict
        The document (Lambda developer guide, "Retain discarded batch records for a Kinesis Data Streams event source").
    """
    first, final = work.entries[0].record, work.entries[-1].record
    notice: dict[str, object] = {
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
        notice["responseContext"] = response
    notice |= {
        "version": "1.0",
        "timestamp": _written(now),
        "KinesisBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": first.sequence,
            "endSequenceNumber": final.sequence,
            "approximateArrivalOfFirstRecord": _written(datetime.fromtimestamp(first.arrived, UTC)),
            "approximateArrivalOfLastRecord": _written(datetime.fromtimestamp(final.arrived, UTC)),
            "batchSize": len(work.entries),
            "streamArn": stream_arn,
        },
    }
    return notice


def write_record(notice: dict[str, object], payload: bytes) -> bytes:
    """Write the object that an S3 destination gets: the notice with the whole event, from which it can be replayed.

    Parameters
    ----------
    notice
        From `write_notice`.
    payload
        The event as it went to the function.

    Returns
    -------
    bytes
        JSON, with the event as a string under ``payload``.
    """
    return json.dumps({**notice, "payload": payload.decode()}).encode()


def object_key(mapping_uuid: str, shard_id: str, now: datetime, random: str) -> str:
    """Name the object of an S3 destination.

    Parameters
    ----------
    mapping_uuid, shard_id
        What gave the batch up.
    now
        When.
    random
        Tells apart objects of one second.

    Returns
    -------
    str
        ``aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<random>``, as AWS documents it.
    """
    return f"aws/lambda/{mapping_uuid}/{shard_id}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{random}"


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
