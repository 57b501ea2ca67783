"""Moves the alias of the API's functions to the versions that an apply published, in two steps.

Each new version is invoked by itself first, so that one that cannot be imported gets no request. Then a tenth of the
invocations go to the new versions. If no alarm is raised and the smoke test passes, all go there, otherwise none. The
functions that read records and rows (lake, forward, the Glue job) have changed with the apply, so they know what the
new versions write. Those that read are moved before collect, which writes.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from deployment.aliases import point
from deployment.release.environment import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from deployment.aliases import Move

# The share of invocations that reach the new version while it is watched.
SHARE = 0.1
_POLL_SECONDS = 15.0
_MESSAGE_CHARACTERS = 300

# API Gateway's event of a request without a key that stores nothing, with what it adds for an authoriser: a function
# without this route answers 404, and the authoriser denies it.
PROBE = {
    "type": "REQUEST",
    "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:rollout/v1/GET/health",
    "resource": "/health",
    "path": "/health",
    "httpMethod": "GET",
    "headers": {"Accept": "application/json"},
    "multiValueQueryStringParameters": None,
    "pathParameters": None,
    "requestContext": {"requestId": "rollout"},
    "body": None,
    "isBase64Encoded": False,
}


def rollout(
    functions: Any,
    cloudwatch: Any,
    planned: Iterable[Move],
    prefix: str,
    smoke: Callable[[], Any],
    seconds: float,
    report: Callable[[str], None],
) -> None:
    """Move the aliases, and back where a new version does not work, an alarm is raised or the smoke test fails.

    Parameters
    ----------
    prefix
        Prefix of the environment's alarms. Alarms that are raised already are ignored.
    smoke
        Raises `ReleaseError` if the API does not work.
    seconds
        How long alarms are watched while a tenth of the invocations reach the new versions.

    Raises
    ------
    ReleaseError
        If the aliases were moved back; the message has the reason.
    """
    planned = list(planned)
    if not planned:
        smoke()
        return
    ignored = alarms(cloudwatch, prefix)
    try:
        for move in planned:
            check_version(functions, move)
            report(f"{move.function}: version {move.new} works")
        for move in planned:
            point(functions, move, move.old, {move.new: SHARE})
            report(f"{move.function}: {SHARE:.0%} of the invocations reach version {move.new}")
        _watch(cloudwatch, prefix, ignored, seconds, smoke)
        for move in planned:
            point(functions, move, move.new, {})
            report(f"{move.function}: version {move.new}")
        smoke()
    except BaseException as error:
        _move_back(functions, planned, report)
        if isinstance(error, ReleaseError):
            raise ReleaseError(f"rolled back: {error}") from error
        raise


def check_version(functions: Any, move: Move) -> None:
    """Invoke the new version of a function, which gets no requests yet; `ReleaseError` if it does not work."""
    invoked = functions.invoke(FunctionName=move.function, Qualifier=move.new, Payload=json.dumps(PROBE).encode())
    text = invoked["Payload"].read().decode(errors="replace")
    answered = json.loads(text or "null")
    if "FunctionError" in invoked or not _is_answer(answered):
        raise ReleaseError(f"{move.function}: version {move.new} does not work: {text[:_MESSAGE_CHARACTERS]}")


def _is_answer(answered: Any) -> bool:
    """Return whether a function answered as one of the API does: a status below 500, or an authoriser's policy."""
    return isinstance(answered, dict) and ("policyDocument" in answered or answered.get("statusCode", 500) < 500)


def _move_back(functions: Any, planned: Iterable[Move], report: Callable[[str], None]) -> None:
    """Move every alias back, also where one of them cannot be; `ReleaseError` names those."""
    failed = {}
    lines = []
    for move in reversed(list(planned)):
        try:
            point(functions, move, move.old, {})
            lines.append(f"{move.function}: back at version {move.old}")
        except (BotoCoreError, ClientError) as error:
            failed[f"{move.function} to version {move.old}"] = error
    for line in lines:
        report(line)
    if failed:
        reasons = "; ".join(map(str, failed.values()))
        raise ReleaseError(f"not rolled back, move by aws lambda update-alias: {', '.join(failed)} ({reasons})")


def alarms(cloudwatch: Any, prefix: str) -> set[str]:
    """Return the names of the alarms that are raised."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{prefix}-", StateValue="ALARM")
    return {
        alarm["AlarmName"]
        for page in pages
        for kind in ("MetricAlarms", "CompositeAlarms")
        for alarm in page.get(kind, [])
    }


def _watch(cloudwatch: Any, prefix: str, ignored: set[str], seconds: float, smoke: Callable[[], Any]) -> None:
    smoke()
    deadline = time.monotonic() + seconds
    while True:
        if raised := sorted(alarms(cloudwatch, prefix) - ignored):
            raise ReleaseError(f"alarms are raised: {', '.join(raised)}")
        if (left := deadline - time.monotonic()) <= 0:
            return
        time.sleep(min(left, _POLL_SECONDS))
