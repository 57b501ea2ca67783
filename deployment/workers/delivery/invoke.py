"""The calls to a transform function, with Firehose's retries."""

from __future__ import annotations

import logging
import time
import uuid
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from deployment.workers.cloud import THROTTLES, error_code
from deployment.workers.delivery.failures import PROCESSING_FAILED, Failure
from deployment.workers.delivery.transform import PAYLOAD_BYTES, UnreadableAnswer, read_answer, write_event
from deployment.workers.shards import pauses

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from deployment.workers.cloud import Cloud
    from deployment.workers.delivery.settings import Delivery, Transform
    from deployment.workers.delivery.source import Row

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 8.0


class Interrupted(Exception):  # noqa: N818 - not an error: the process ends
    """Told to stop while waiting; nothing of what was being done counts."""


class _InvocationError(Exception):
    """An invocation that counts as failed; its arguments are Firehose's code and message."""


def transform(
    cloud: Cloud, delivery: Delivery, how: Transform, shard_id: str, rows: Sequence[Row], stop: threading.Event
) -> tuple[list[Row], list[Failure]]:
    """Pass a batch through the function.

    Parameters
    ----------
    cloud
        The clients.
    delivery, how, shard_id
        What is transformed, and by what.
    rows
        The batch.
    stop
        Set when the process ends.

    Returns
    -------
    tuple
        The records to deliver, and the failures. What the function drops is in neither.

    Raises
    ------
    Interrupted
        When told to stop between tries.
    """
    between = pauses(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
    event = write_event(rows, str(uuid.uuid4()), delivery, shard_id, cloud.region)
    attempts = 0
    while True:
        try:
            attempts += 1
            delivered, failures, dropped = _try(cloud, how, event, rows, attempts)
        except _InvocationError as failure:
            code, message = failure.args
            log.warning("transform_failed", extra={"delivery": delivery.name, "records": len(rows), "code": code})
            if attempts > how.retries:
                ended = time.time()
                return [], [Failure(row, PROCESSING_FAILED, code, message, attempts, ended) for row in rows]
        except BotoCoreError as error:
            # Nobody answered: that is the laptop's cloud restarting, which AWS does not do, so it is no attempt.
            attempts -= 1
            log.info("function_not_reached", extra={"delivery": delivery.name, "reason": error_code(error)})
        else:
            if failures or dropped:
                counts = {"records": len(rows), "failed": len(failures), "dropped": dropped}
                log.info("transformed", extra={"delivery": delivery.name, **counts})
            return delivered, failures
        if stop.wait(next(between)):
            raise Interrupted


def _try(
    cloud: Cloud, how: Transform, event: bytes, rows: Sequence[Row], attempts: int
) -> tuple[list[Row], list[Failure], int]:
    try:
        answer = cloud.functions.invoke(FunctionName=how.function_arn, InvocationType="RequestResponse", Payload=event)
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
        raise _InvocationError("Lambda.FunctionError", f"The answer is larger than {PAYLOAD_BYTES} bytes.")
    try:
        return read_answer(payload, rows, attempts, time.time())
    except UnreadableAnswer as error:
        raise _InvocationError("Lambda.JsonProcessingException", f"The answer cannot be read: {error}.") from error
