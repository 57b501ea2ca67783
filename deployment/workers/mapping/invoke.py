"""The call to the function, and what it means that it did not come about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from deployment.workers.cloud import error_code
from deployment.workers.mapping.discard import Invocation

if TYPE_CHECKING:
    from deployment.workers.cloud import Cloud

TOO_LARGE = "RequestTooLargeException"


@dataclass(frozen=True)
class Reached:
    """The function ran: what it answered."""

    payload: bytes
    invocation: Invocation


@dataclass(frozen=True)
class NotReached:
    """The function did not run, which is not the records' fault: throttled, missing, or no connection."""

    reason: str


def invoke(cloud: Cloud, function_arn: str, event: bytes, before: Invocation) -> Reached | NotReached:
    """Give a batch to the function and wait for its answer.

    Parameters
    ----------
    cloud
        The clients.
    function_arn
        The function, with a version or alias where the mapping says one.
    event
        The payload.
    before
        The invocation before this one with the same records.

    Returns
    -------
    Reached or NotReached
        Whether the function ran, and what it said.
    """
    try:
        answer = cloud.functions.invoke(FunctionName=function_arn, InvocationType="RequestResponse", Payload=event)
        payload = answer["Payload"].read()
    except ClientError as error:
        if error_code(error) != TOO_LARGE:
            return NotReached(error_code(error))
        # One record alone above the limit never gets through: it counts as failed, so that retries end.
        return Reached(b"", replace(before, count=before.count + 1, status=413, function_error="Unhandled"))
    except BotoCoreError as error:
        return NotReached(error_code(error))
    return Reached(
        payload,
        Invocation(
            request_id=answer["ResponseMetadata"].get("RequestId") or before.request_id,
            count=before.count + 1,
            status=answer.get("StatusCode", 200),
            version=answer.get("ExecutedVersion") or "$LATEST",
            function_error=answer.get("FunctionError"),
        ),
    )
