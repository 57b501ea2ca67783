"""Invokes the function with a batch, and distinguishes failed invocations from none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from deployment.workers.clients import error_code
from deployment.workers.mapping.discarded import Invocation

if TYPE_CHECKING:
    from deployment.workers.clients import Clients

TOO_LARGE = "RequestTooLargeException"


@dataclass(frozen=True)
class Invoked:
    """The function ran: its response."""

    payload: bytes
    invocation: Invocation


@dataclass(frozen=True)
class NotInvoked:
    """The function did not run, for no reason of the records: throttled, missing, or no connection."""

    reason: str


def invoke(clients: Clients, function_arn: str, event: bytes, before: Invocation) -> Invoked | NotInvoked:
    """Invoke the function and wait for its response.

    Parameters
    ----------
    function_arn
        The function, with a version or alias where the mapping names one.
    before
        The previous invocation with the same records.
    """
    try:
        answer = clients.functions.invoke(FunctionName=function_arn, InvocationType="RequestResponse", Payload=event)
        payload = answer["Payload"].read()
    except ClientError as error:
        if error_code(error) != TOO_LARGE:
            return NotInvoked(error_code(error))
        # A single record above the limit can never be sent: it counts as failed, so that retries end.
        return Invoked(b"", replace(before, count=before.count + 1, status=413, function_error="Unhandled"))
    except BotoCoreError as error:
        return NotInvoked(error_code(error))
    return Invoked(
        payload,
        Invocation(
            request_id=answer["ResponseMetadata"].get("RequestId") or before.request_id,
            count=before.count + 1,
            status=answer.get("StatusCode", 200),
            version=answer.get("ExecutedVersion") or "$LATEST",
            function_error=answer.get("FunctionError"),
        ),
    )
