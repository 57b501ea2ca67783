"""Classifies requests by whether their effect has to be on disk before the reply."""

from __future__ import annotations

import enum
import re
from urllib.parse import parse_qs

_READING = re.compile(r"(Get|List|Describe|Head|Query|Scan|BatchGet|Search|Select|Filter|Lookup|Test)[A-Z]?")
_INVOCATION = re.compile(r"/\d{4}-\d\d-\d\d/functions/[^/]+/(invocations|invoke-async)/?")

_DEFERRED_ACTIONS = {
    # These have a journal of their own.
    "kinesis": frozenset({"PutRecord", "PutRecords", "SubscribeToShard"}),
    "firehose": frozenset({"PutRecord", "PutRecordBatch"}),
    "dynamodb": frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}),
    # Telemetry and short-lived state, written in the background.
    "cloudwatch_logs": frozenset({"PutLogEvents"}),
    "cloudwatch": frozenset({"PutMetricData"}),
    "athena": frozenset({"StartQueryExecution"}),
    "sqs": frozenset({"ReceiveMessage", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch"}),
    "sts": frozenset({"AssumeRole", "AssumeRoleWithWebIdentity"}),
}


class RequestEffect(enum.Enum):
    """The effect of a request on its service's state."""

    NONE = enum.auto()
    """The request only reads."""
    DEFERRED = enum.auto()
    """The change has a journal of its own, or may be written a moment later."""
    DURABLE = enum.auto()
    """The change has to be on disk before the reply."""


def classify_request(
    module: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
) -> RequestEffect:
    """Return the effect of a request, with header names in lower case; an unknown one counts as `DURABLE`."""
    if module == "s3":
        return _of_bucket(method, path, query)
    action = _action(headers, body, query)
    if action is None:
        if method in {"GET", "HEAD", "OPTIONS"}:
            return RequestEffect.NONE
        return RequestEffect.DEFERRED if _INVOCATION.fullmatch(path) else RequestEffect.DURABLE
    if action in _DEFERRED_ACTIONS.get(module, ()):
        return RequestEffect.DEFERRED
    return RequestEffect.NONE if _READING.match(action) else RequestEffect.DURABLE


def _of_bucket(method: str, path: str, query: dict[str, list[str]]) -> RequestEffect:
    # Objects are files as soon as they are put; the settings of a bucket are not.
    concerns_object = "/" in path.strip("/") or "delete" in query
    return RequestEffect.NONE if method in {"GET", "HEAD", "OPTIONS"} or concerns_object else RequestEffect.DURABLE


def _action(headers: dict[str, str], body: bytes, query: dict[str, list[str]]) -> str | None:
    """Return the operation that the JSON or the query protocol names; REST names none."""
    target = headers.get("x-amz-target", "")
    if "." in target:
        return target.rsplit(".", 1)[1]
    if "Action" in query:
        return query["Action"][0]
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        actions = parse_qs(body.decode("utf-8", "replace")).get("Action")
        return actions[0] if actions else None
    return None
