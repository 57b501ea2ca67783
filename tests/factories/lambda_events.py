"""Events and contexts as Lambda passes them to a function; a keyword sets a field."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from backend.contract import aggregate_records
from backend.http import Request

ARRIVED_AT = datetime(2026, 1, 31, 13, 0, tzinfo=UTC)
"""When Kinesis accepts the records of these factories."""

GAIN = "normalized_discounted_cumulative_gain_at_25"
"""The metric of the judge's events."""

CONTEXT: Any = SimpleNamespace(
    function_name="function",
    memory_limit_in_mb=1024,
    invoked_function_arn="arn:aws:lambda:eu-central-1:000000000000:function:function",
    aws_request_id="invocation-1",
    get_remaining_time_in_millis=lambda: 29_000,
)


def to_bytes(content: Any) -> bytes:
    """Return bytes unchanged, and anything else as JSON."""
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def http_request(
    path: dict[str, str] | None = None, query: dict[str, list[str]] | None = None, body: Any = None
) -> Request:
    """Return a request as the functions read it; the body becomes JSON."""
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request("GET", "/", path or {"user_id": "ann", "item_id": "mug"}, query or {}, {}, written, "r-1")


def proxy_event(method: str, resource: str, body: Any = None, /, **changes: Any) -> dict[str, Any]:
    """Return an event of API Gateway's REST proxy integration; a body that is not text becomes JSON."""
    return {
        "httpMethod": method,
        "resource": resource,
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
        "headers": {"Content-Type": "application/json"},
        "pathParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"requestId": "request-1", "authorizer": {"producer": "server", "reads": "all"}},
        **changes,
    }


def kinesis_record(number: int, *contents: Any) -> dict[str, Any]:
    """Return a Kinesis record of one event, or of several in an aggregate."""
    payloads = [to_bytes(content) for content in contents]
    data = aggregate_records([("key", payload) for payload in payloads]) if len(payloads) > 1 else payloads[0]
    return {
        "eventSource": "aws:kinesis",
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "sequenceNumber": f"{number:056d}",
            "partitionKey": "key",
            "approximateArrivalTimestamp": ARRIVED_AT.timestamp(),
            "data": base64.b64encode(data).decode(),
        },
    }


def firehose_record(number: int, content: Any) -> dict[str, Any]:
    """Return a record of a Firehose transformation, which Firehose received a minute later than Kinesis."""
    return {
        "recordId": f"r-{number}",
        "approximateArrivalTimestamp": ARRIVED_AT.timestamp() * 1000 + 60_000,
        "kinesisRecordMetadata": {"approximateArrivalTimestamp": ARRIVED_AT.timestamp() * 1000},
        "data": base64.b64encode(to_bytes(content)).decode(),
    }


def data_profile(**recent: Any) -> dict[str, Any]:
    """Return a profile of a shop of thirty days, with fields of its latest week changed."""
    items = {f"item-{number}": 1000 // (number + 1) for number in range(10)}
    return {
        "trained": {
            "since": "2026-10-01T00:00:00+00:00",
            "until": "2026-10-31T00:00:00+00:00",
            "interactions": 4000,
            "users_with_two": 500,
            "event_types": {"View": 3600, "Purchase": 400},
            "items": items,
        },
        "recent": {
            "since": "2026-10-24T00:00:00+00:00",
            "until": "2026-10-31T00:00:00+00:00",
            "interactions": 1000,
            "event_types": {"View": 900, "Purchase": 100},
            "items": {name: count // 4 for name, count in items.items()},
            "items_first_seen": {"2026-10-02": 900, "2026-10-28": 50},
            "items_counted": 1000,
            "users_first_seen": {"2026-10-03": 600, "2026-10-27": 400},
            "users_counted": 1000,
            **recent,
        },
    }


def judge_event(**more: Any) -> dict[str, Any]:
    return {
        "rules": {"metrics": [GAIN], "slices": []},
        "challenger": {"version": "v2", "metrics": {GAIN: 0.30}},
        "champion": {"version": "v1", "metrics": {GAIN: 0.10}},
        "record": {"version": "v1", "profile": data_profile()},
        "profile": data_profile(),
        **more,
    }
