"""The event of a transform function, and the results in its response."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from deployment.workers.delivery.failures import PROCESSING_FAILED, Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deployment.workers.delivery.settings import Delivery
    from deployment.workers.delivery.source import Row

PAYLOAD_BYTES = 6 * 1024 * 1024
"""The limit of a synchronous invocation's request and response (AWS Lambda quotas)."""

ROW_FRAME_BYTES = 440
"""The largest size of a record's ids and times in the event, without its data and its partition key."""

ESCAPED_BYTES = 6
"""The largest size of a character in JSON, as ``\\u00e9``."""


class InvalidAnswerError(ValueError):
    """The function's response is not a list of records with ids and results."""


def split_batches(rows: Sequence[Row], buffer_bytes: int) -> Iterator[Sequence[Row]]:
    """Split records into batches that fit the function's buffer and the payload limit; none is empty.

    Parameters
    ----------
    buffer_bytes
        The largest number of bytes of data in a batch (the processor's BufferSizeInMBs).
    """
    first, data_bytes, event_bytes = 0, 0, 0
    for at, row in enumerate(rows):
        written = len(row.data) * 4 // 3 + ESCAPED_BYTES * len(row.partition_key) + ROW_FRAME_BYTES
        data_bytes += len(row.data)
        event_bytes += written
        if at > first and (data_bytes > buffer_bytes or event_bytes > PAYLOAD_BYTES):
            yield rows[first:at]
            first, data_bytes, event_bytes = at, len(row.data), written
    if rows:
        yield rows[first:]


def write_event(rows: Sequence[Row], invocation_id: str, delivery: Delivery, shard_id: str, region: str) -> bytes:
    """Return the event of one invocation, as JSON.

    Source: Firehose developer guide, "Required parameters for data transformation".
    """
    event: dict[str, object] = {"invocationId": invocation_id, "deliveryStreamArn": delivery.arn, "region": region}
    if not delivery.direct:
        event["sourceKinesisStreamArn"] = delivery.stream_arn
    event["records"] = [
        _written(row) | (_stream_metadata(row, shard_id) if not delivery.direct else {}) for row in rows
    ]
    return json.dumps(event, separators=(",", ":")).encode()


def read_answer(payload: bytes, rows: Sequence[Row], attempts: int, now: float) -> tuple[list[Row], list[Failure], int]:
    """Return the results of the function for a batch.

    Parameters
    ----------
    now
        Epoch seconds.

    Returns
    -------
    tuple
        The records to deliver with their new data, the failures, and the number of dropped records; each record of the
        batch is in exactly one of them.

    Raises
    ------
    InvalidAnswerError
        If the response does not follow the status model.
    """
    answers = _answers(payload)
    counts = Counter(answer.get("recordId") for answer in answers)
    by_id = {answer.get("recordId"): answer for answer in answers}
    delivered: list[Row] = []
    failures: list[Failure] = []
    dropped = 0

    def fail(row: Row, code: str, message: str) -> None:
        failures.append(Failure(row, PROCESSING_FAILED, code, message, attempts, now))

    for row in rows:
        answer = by_id.get(row.record_id)
        if answer is None:
            fail(row, "Lambda.MissingRecordId", "One or more record Ids were not returned.")
        elif counts[row.record_id] > 1:
            fail(row, "Lambda.DuplicatedRecordId", "Multiple records were returned with the same record Id.")
        elif answer.get("result") == "Dropped":
            dropped += 1
        elif answer.get("result") == "ProcessingFailed":
            fail(row, "Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record")
        elif answer.get("result") == "Ok" and (data := _data(answer)) is not None:
            delivered.append(row._replace(data=data))
        else:
            fail(row, "Lambda.JsonProcessingException", "The returned record does not follow the status model.")
    return delivered, failures, dropped


def _answers(payload: bytes) -> list[dict[str, Any]]:
    try:
        answers = json.loads(payload)["records"]
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidAnswerError("it is not an object with records") from error
    if not isinstance(answers, list) or not all(
        isinstance(answer, dict) and isinstance(answer.get("recordId"), str) for answer in answers
    ):
        raise InvalidAnswerError("its records are not a list of objects with a recordId")
    return answers


def _data(answer: dict[str, Any]) -> bytes | None:
    try:
        return base64.b64decode(answer["data"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        return None


def _written(row: Row) -> dict[str, object]:
    return {
        "recordId": row.record_id,
        "approximateArrivalTimestamp": round(row.arrived * 1000),
        "data": base64.b64encode(row.data).decode(),
    }


def _stream_metadata(row: Row, shard_id: str) -> dict[str, object]:
    return {
        "kinesisRecordMetadata": {
            "sequenceNumber": row.sequence,
            "subsequenceNumber": row.subsequence,
            "partitionKey": row.partition_key,
            "shardId": shard_id,
            "approximateArrivalTimestamp": round(row.arrived * 1000),
        }
    }
