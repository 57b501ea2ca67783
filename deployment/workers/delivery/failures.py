"""Records that could not be delivered, as JSON lines under the error prefix."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployment.workers.delivery.settings import Conversion
    from deployment.workers.delivery.source import Row

PROCESSING_FAILED = "processing-failed"
CONVERSION_FAILED = "format-conversion-failed"


@dataclass(frozen=True)
class Failure:
    """A record that could not be delivered.

    Parameters
    ----------
    row
        The record before the step that failed.
    error_type
        `PROCESSING_FAILED` or `CONVERSION_FAILED`, which is part of the prefix.
    code, message
        The reason, with Firehose's codes.
    ended
        Epoch seconds of the last attempt.
    """

    row: Row
    error_type: str
    code: str
    message: str
    attempts: int
    ended: float


def write_failures(
    failures: Iterable[Failure], function_arn: str | None, conversion: Conversion | None, region: str, account: str
) -> bytes:
    """Return the error object for failures of one type, as JSON lines.

    `region` and `account` are the defaults for the table's region and catalog. Source: Firehose developer guide,
    "Handle failure in data transformation" and "Handling errors for data format conversion".
    """
    return b"".join(
        json.dumps(
            _transform_failure(failure, function_arn)
            if failure.error_type == PROCESSING_FAILED
            else _conversion_failure(failure, conversion, region, account),
            separators=(",", ":"),
        ).encode()
        + b"\n"
        for failure in failures
    )


def _transform_failure(failure: Failure, function_arn: str | None) -> dict[str, object]:
    return {
        "attemptsMade": failure.attempts,
        "arrivalTimestamp": _milliseconds(failure.row.arrived),
        "errorCode": failure.code,
        "errorMessage": failure.message,
        "attemptEndingTimestamp": _milliseconds(failure.ended),
        "rawData": base64.b64encode(failure.row.data).decode(),
        "lambdaARN": function_arn,
    }


def _conversion_failure(
    failure: Failure, conversion: Conversion | None, region: str, account: str
) -> dict[str, object]:
    document: dict[str, object] = {
        "attemptsMade": failure.attempts,
        "arrivalTimestamp": _milliseconds(failure.row.arrived),
        "lastErrorCode": failure.code,
        "lastErrorMessage": failure.message,
        "attemptEndingTimestamp": _milliseconds(failure.ended),
        "rawData": base64.b64encode(failure.row.data).decode(),
        "sequenceNumber": failure.row.sequence,
        "subSequenceNumber": failure.row.subsequence,
    }
    if conversion is not None:
        document["dataCatalogTable"] = {
            "catalogId": conversion.catalog or account,
            "databaseName": conversion.database,
            "tableName": conversion.table,
            "region": conversion.region or region,
            "versionId": "LATEST",
        }
    return document


def _milliseconds(moment: float) -> int:
    return round(moment * 1000)
