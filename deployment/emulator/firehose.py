"""Firehose stores direct puts durably and leaves delivery to the workers.

AWS buffers records and delivers them later. MiniStack writes one object per record inside the put, and keeps every
record in memory as well. Here `deployment.workers` deliver; they read streams as AWS's service does:

- a delivery stream whose source is a Kinesis stream is read from that stream;
- a record put to a ``DirectPut`` delivery stream is stored in a hidden Kinesis stream of one shard, named by
  `spool_stream`: ``rivulet.hidden.firehose.<delivery stream>``. It is created and deleted with the delivery stream,
  read with ListShards, GetShardIterator (TRIM_HORIZON at first) and GetRecords, and not listed by ListStreams. An
  acknowledged put has the sequence number as its RecordId and survives the emulator's process.
"""

from __future__ import annotations

import json
from base64 import b64decode
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from ministack import app
from ministack.core.responses import error_response_json, get_account_id, json_response
from ministack.services import firehose

from deployment.emulator.kinesis.operations import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.settings import Settings

    Request = dict[str, Any]
    Answer = tuple[int, dict[str, str], bytes]

# https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html: it validates the number of records
# and the size of each by its API's model, and their sum itself.
BATCH_RECORDS: Final = 500
BATCH_BYTES: Final = 4 * 1024 * 1024
RECORD_BYTES: Final = 1000 * 1024


def spool_stream(delivery_stream: str) -> str:
    """Return the name of the Kinesis stream that stores the direct puts of a delivery stream."""
    return f"{HIDDEN}firehose.{delivery_stream}"


def install(_settings: Settings) -> None:
    """Override the operations that create, delete and fill delivery streams."""
    handlers = firehose._HANDLERS
    handlers["CreateDeliveryStream"] = _create(handlers["CreateDeliveryStream"])
    handlers["DeleteDeliveryStream"] = _delete(handlers["DeleteDeliveryStream"])
    handlers["PutRecord"] = _put_record
    handlers["PutRecordBatch"] = _put_record_batch


def _create(create: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    def create_delivery_stream(request: Request) -> Answer:
        answer = create(request)
        if answer[0] == HTTPStatus.OK and request.get("DeliveryStreamType", "DirectPut") == "DirectPut":
            _kinesis("CreateStream", {"StreamName": spool_stream(request["DeliveryStreamName"]), "ShardCount": 1})
        return answer

    return create_delivery_stream


def _delete(delete: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    def delete_delivery_stream(request: Request) -> Answer:
        answer = delete(request)
        if answer[0] == HTTPStatus.OK:
            _kinesis("DeleteStream", {"StreamName": spool_stream(request["DeliveryStreamName"])})
        return answer

    return delete_delivery_stream


def _put_record(request: Request) -> Answer:
    return _spool(request, [request.get("Record") or {}], lambda ids: {"RecordId": ids[0]})


def _put_record_batch(request: Request) -> Answer:
    def response_of(ids: list[str]) -> Request:
        return {"FailedPutCount": 0, "RequestResponses": [{"RecordId": each} for each in ids]}

    return _spool(request, request.get("Records") or [], response_of)


def _spool(request: Request, records: list[Request], response_of: Callable[[list[str]], Request]) -> Answer:
    name = request.get("DeliveryStreamName", "")
    error = _validate(name, records)
    if error is not None:
        return error
    entries = [{"PartitionKey": name, "Data": record["Data"]} for record in records]
    put = _kinesis("PutRecords", {"StreamName": spool_stream(name), "Records": entries})
    if put.get("FailedRecordCount", 1):
        return _error("ServiceUnavailableException", "Slow down.", HTTPStatus.SERVICE_UNAVAILABLE)
    encryption = firehose._streams[name].get("encryption") or {}
    encrypted = {"Encrypted": encryption.get("Status") == "ENABLED"}
    answer: Answer = json_response(response_of([each["SequenceNumber"] for each in put["Records"]]) | encrypted)
    return answer


def _validate(name: str, records: list[Request]) -> Answer | None:
    stream = firehose._streams.get(name)
    if stream is None:
        message = f"Firehose {name} under account {get_account_id()} not found."
        return _error("ResourceNotFoundException", message)
    if stream.get("type") != "DirectPut":
        return _invalid("This operation is not permitted on KinesisStreamAsSource delivery stream type.")
    return _validate_records(records)


def _validate_records(records: list[Request]) -> Answer | None:
    if not 1 <= len(records) <= BATCH_RECORDS:
        return _constraint("records", BATCH_RECORDS)
    try:
        sizes = [len(b64decode(record["Data"], validate=True)) for record in records]
    except (KeyError, TypeError, ValueError):
        return _error("SerializationException", "Data is not in base 64.")
    if max(sizes) > RECORD_BYTES:
        return _constraint("data", RECORD_BYTES)
    if sum(sizes) > BATCH_BYTES:
        return _invalid("Records size exceeds 4 MB limit")
    return None


def _constraint(member: str, most: int) -> Answer:
    rule = f"Member must have length less than or equal to {most}"
    return _error(
        "ValidationException", f"1 validation error detected: Value at '{member}' failed to satisfy constraint: {rule}"
    )


def _invalid(message: str) -> Answer:
    return _error("InvalidArgumentException", message)


def _error(name: str, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Answer:
    error: Answer = error_response_json(name, message, status)
    return error


def _kinesis(operation: str, request: Request) -> Request:
    """Send a request to Kinesis as any client does, so that an acknowledged write is durable."""
    headers = {"x-amz-target": f"Kinesis_20131202.{operation}", "content-type": "application/x-amz-json-1.1"}
    _, _, body = app.call_service_handler_sync(
        app.SERVICE_HANDLERS["kinesis"], "POST", "/", headers, json.dumps(request).encode(), {}
    )
    answer: Request = json.loads(body or b"{}")
    return answer
