"""Invokes the transform function, with Firehose's retries."""

from __future__ import annotations

import logging
import time
import uuid
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from deployment.workers.clients import THROTTLES, error_code
from deployment.workers.delivery.failures import PROCESSING_FAILED, Failure
from deployment.workers.delivery.transform import PAYLOAD_BYTES, InvalidAnswerError, read_answer, write_event
from deployment.workers.shards import backoff_delays

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from deployment.workers.clients import Clients
    from deployment.workers.delivery.settings import Delivery, Transform
    from deployment.workers.delivery.source import Row

log = logging.getLogger(__name__)

FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 0.5, 8.0


class StopRequestedError(Exception):
    """The process has to stop during a wait; the current step is abandoned."""


class _InvocationError(Exception):
    """A failed invocation; its arguments are Firehose's code and message."""


def transform(
    clients: Clients, delivery: Delivery, settings: Transform, shard_id: str, rows: Sequence[Row], stop: threading.Event
) -> tuple[list[Row], list[Failure]]:
    """Transform a batch by the function, with retries; return the records to deliver, and the failures.

    Records that the function drops are in neither. Raises `StopRequestedError` if the process has to stop between
    attempts.
    """
    delays = backoff_delays(FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS)
    event = write_event(rows, str(uuid.uuid4()), delivery, shard_id, clients.region)
    attempts = 0
    while True:
        try:
            attempts += 1
            delivered, failures, dropped = _try(clients, settings, event, rows, attempts)
        except _InvocationError as failure:
            code, message = failure.args
            log.warning("transform_failed", extra={"delivery": delivery.name, "records": len(rows), "code": code})
            if attempts > settings.retries:
                ended = time.time()
                return [], [Failure(row, PROCESSING_FAILED, code, message, attempts, ended) for row in rows]
        except BotoCoreError as error:
            # No response: the laptop's cloud is restarting, which AWS does not do, so this is not an attempt.
            attempts -= 1
            log.info("function_not_reached", extra={"delivery": delivery.name, "reason": error_code(error)})
        else:
            if failures or dropped:
                counts = {"records": len(rows), "failed": len(failures), "dropped": dropped}
                log.info("transformed", extra={"delivery": delivery.name, **counts})
            return delivered, failures
        if stop.wait(next(delays)):
            raise StopRequestedError


def _try(
    clients: Clients, settings: Transform, event: bytes, rows: Sequence[Row], attempts: int
) -> tuple[list[Row], list[Failure], int]:
    try:
        answer = clients.functions.invoke(
            FunctionName=settings.function_arn, InvocationType="RequestResponse", Payload=event
        )
    except ClientError as error:
        code = error_code(error)
        message = f"The function could not be invoked: {code}."
        raise _InvocationError(
            "Lambda.InvokeLimitExceeded" if code in THROTTLES else f"Lambda.{code}", message
        ) from error
    payload = answer["Payload"].read()
    if answer.get("FunctionError"):
        raise _InvocationError(
            "Lambda.FunctionError", "The Lambda function was successfully invoked but it returned an error result."
        )
    if len(payload) > PAYLOAD_BYTES:
        raise _InvocationError("Lambda.FunctionError", f"The response is larger than {PAYLOAD_BYTES} bytes.")
    try:
        return read_answer(payload, rows, attempts, time.time())
    except InvalidAnswerError as error:
        raise _InvocationError("Lambda.JsonProcessingException", f"The response is invalid: {error}.") from error
