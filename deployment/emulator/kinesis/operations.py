"""The operations on whole streams: create, delete, describe, list and tag."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import kinesis

from deployment.emulator.kinesis import shards
from deployment.emulator.kinesis.errors import KinesisError, not_found

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from deployment.emulator.kinesis.storage import Storage, Stream

    Request = dict[str, Any]
    Answer = tuple[int, dict[str, str], bytes]
    Handler = Callable[..., Awaitable[Answer]]

HIDDEN: Final = "rivulet.hidden."
"""The prefix of the emulator's internal streams, which ListStreams omits."""

# https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
SHARD_LIMIT: Final = 200
ON_DEMAND_LIMIT: Final = 50
RETENTION_HOURS: Final = 24


def find_by_arn(arn: str) -> Stream | None:
    """Return a stream of the request's account and region."""
    stream: Stream | None = kinesis._resolve_stream_by_arn(arn)
    return stream


def respond_with(operation: Callable[[Request], Request | None]) -> Callable[[Request], Answer]:
    """Turn the result or the error of an operation into a response."""

    def answer(request: Request) -> Answer:
        try:
            result: Answer = json_response(operation(request) or {})
        except KinesisError as error:
            result = error_response_json(error.name, str(error), HTTPStatus.BAD_REQUEST)
        return result

    return answer


def on_stream(operation: Callable[[Stream, Request], Request | None]) -> Callable[[Request], Answer]:
    """Look up the request's stream, by name or ARN, before the operation."""
    return respond_with(lambda request: operation(_find_stream(request), request))


def create(storage: Storage) -> Callable[[Request], Answer]:
    """Handle CreateStream. A stream is ACTIVE at once, where AWS takes some seconds."""

    def create_stream(request: Request) -> None:
        shards.check_name(request)
        name = request["StreamName"]
        if name in kinesis._streams:
            raise KinesisError(
                "ResourceInUseException", f"Stream {name} under account {get_account_id()} already exists."
            )
        stream: Stream = {
            "StreamName": name,
            "StreamARN": f"arn:aws:kinesis:{get_region()}:{get_account_id()}:stream/{name}",
            "StreamStatus": "ACTIVE",
            "RetentionPeriodHours": RETENTION_HOURS,
            "CreationTimestamp": int(time.time()),
            "EncryptionType": "NONE",
        }
        shards.make(storage, stream, request)
        kinesis._streams[name] = stream

    return respond_with(create_stream)


def delete(delete_only: Callable[[Request], Answer], storage: Storage) -> Callable[[Request], Answer]:
    """Handle DeleteStream: the records' files are deleted, too."""

    def delete_stream(request: Request) -> Answer:
        _, stream = kinesis._resolve_stream(request)
        answer = delete_only(request)
        if stream is not None and answer[0] == HTTPStatus.OK:
            storage.remove(stream)
        return answer

    return delete_stream


def describe_summary(describe: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    """Handle DescribeStreamSummary: only open shards count."""

    def describe_stream_summary(request: Request) -> Request:
        stream = _find_stream(request)
        answer: Request = json.loads(describe(request)[2])
        answer["StreamDescriptionSummary"]["OpenShardCount"] = len(shards.open_ranges(stream))
        answer["StreamDescriptionSummary"][shards.MAX_RECORD_KIB] = stream[shards.MAX_RECORD_KIB]
        return answer

    return respond_with(describe_stream_summary)


def list_streams(list_all: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    """Handle ListStreams, without the emulator's internal streams."""

    def list_visible(request: Request) -> Request:
        answer: Request = json.loads(list_all(request)[2])
        answer["StreamNames"] = [name for name in answer["StreamNames"] if not name.startswith(HIDDEN)]
        summaries = answer["StreamSummaries"]
        answer["StreamSummaries"] = [summary for summary in summaries if not summary["StreamName"].startswith(HIDDEN)]
        return answer

    return respond_with(list_visible)


def list_shards(list_all: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    """Handle ListShards with a ShardFilter of AT_LATEST: the open shards only.

    The other filters return closed shards as well.
    """

    def list_matching(request: Request) -> Request:
        status, _, body = list_all(request)
        answer: Request = json.loads(body)
        if status != HTTPStatus.OK:
            raise KinesisError(answer["__type"], answer["message"])
        if (request.get("ShardFilter") or {}).get("Type") == "AT_LATEST":
            answer["Shards"] = [
                shard for shard in answer["Shards"] if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
            ]
        return answer

    return respond_with(list_matching)


def with_missing_operations(handle: Handler) -> Handler:
    """Handle the operations that MiniStack lacks."""
    more: dict[str, Callable[[Request], Answer]] = {
        "TagResource": _on_resource(lambda stream, request: stream["tags"].update(request["Tags"])),
        "UntagResource": _on_resource(_untag),
        "ListTagsForResource": _on_resource(_list_tags),
        "UpdateStreamMode": on_stream(shards.update_mode),
        "UpdateMaxRecordSize": on_stream(shards.update_record_size),
        "DescribeLimits": respond_with(_describe_limits),
    }

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        operation = more.get(headers.get("x-amz-target", "").rpartition(".")[2])
        if operation is None:
            return await handle(method, path, headers, body, query)
        return operation(json.loads(body or b"{}"))

    return handle_request


def _find_stream(request: Request) -> Stream:
    name, stream = kinesis._resolve_stream(request)
    if stream is None:
        raise not_found(f"Stream {name}", get_account_id())
    existing: Stream = stream
    return existing


def _on_resource(operation: Callable[[Stream, Request], Request | None]) -> Callable[[Request], Answer]:
    return respond_with(lambda request: operation(_find_stream({"StreamARN": request.get("ResourceARN")}), request))


def _untag(stream: Stream, request: Request) -> None:
    for key in request["TagKeys"]:
        stream["tags"].pop(key, None)


def _list_tags(stream: Stream, _request: Request) -> Request:
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(stream["tags"].items())]}


def _describe_limits(_request: Request) -> Request:
    streams = kinesis._streams.values()
    on_demand = [stream for stream in streams if stream["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"]
    return {
        "ShardLimit": SHARD_LIMIT,
        "OpenShardCount": sum(len(shards.open_ranges(stream)) for stream in streams if stream not in on_demand),
        "OnDemandStreamCount": len(on_demand),
        "OnDemandStreamCountLimit": ON_DEMAND_LIMIT,
    }
