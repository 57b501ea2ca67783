"""Which requests change what must be on disk before they are answered."""

from __future__ import annotations

import enum
import re
from urllib.parse import parse_qs

_READING = re.compile(r"(Get|List|Describe|Head|Query|Scan|BatchGet|Search|Select|Filter|Lookup|Test)[A-Z]?")
_INVOCATION = re.compile(r"/\d{4}-\d\d-\d\d/functions/[^/]+/(invocations|invoke-async)/?")

_KEPT_OTHERWISE = {
    # By a journal of their own.
    "kinesis": frozenset({"PutRecord", "PutRecords", "SubscribeToShard"}),
    "firehose": frozenset({"PutRecord", "PutRecordBatch"}),
    "dynamodb": frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}),
    # Telemetry and passing things, written down behind the request's back.
    "cloudwatch_logs": frozenset({"PutLogEvents"}),
    "cloudwatch": frozenset({"PutMetricData"}),
    "athena": frozenset({"StartQueryExecution"}),
    "sqs": frozenset({"ReceiveMessage", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch"}),
    "sts": frozenset({"AssumeRole", "AssumeRoleWithWebIdentity"}),
}


class Effect(enum.Enum):
    """What a request does to its service's state."""

    NONE = enum.auto()
    """It reads."""
    PASSING = enum.auto()
    """It changes what is kept otherwise or may be written a moment later."""
    LASTING = enum.auto()
    """It changes what must be on disk before the answer."""


def effect(
    module: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
) -> Effect:
    """Tell what a request does to the state of its service; a doubtful one is taken to change it.

    Parameters
    ----------
    module
        The service's module in MiniStack.
    method, path, headers, body, query
        The request, its header names in lower case.

    Returns
    -------
    Effect
        What it does.
    """
    if module == "s3":
        return _of_bucket(method, path, query)
    action = _action(headers, body, query)
    if action is None:
        if method in {"GET", "HEAD", "OPTIONS"}:
            return Effect.NONE
        return Effect.PASSING if _INVOCATION.fullmatch(path) else Effect.LASTING
    if action in _KEPT_OTHERWISE.get(module, ()):
        return Effect.PASSING
    return Effect.NONE if _READING.match(action) else Effect.LASTING


def _of_bucket(method: str, path: str, query: dict[str, list[str]]) -> Effect:
    # Objects are files as soon as they are put; what a bucket is set to is not.
    concerns_object = "/" in path.strip("/") or "delete" in query
    return Effect.NONE if method in {"GET", "HEAD", "OPTIONS"} or concerns_object else Effect.LASTING


def _action(headers: dict[str, str], body: bytes, query: dict[str, list[str]]) -> str | None:
    """Find the operation that the JSON or the query protocol names; REST names none."""
    target = headers.get("x-amz-target", "")
    if "." in target:
        return target.rsplit(".", 1)[1]
    if "Action" in query:
        return query["Action"][0]
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        named = parse_qs(body.decode("utf-8", "replace")).get("Action")
        return named[0] if named else None
    return None
