"""Asynchronous invocations: stored durably, retried as the function's settings say, and sent to its destinations.

An accepted event stays in a journal until it is finished, so that it survives the process: an event that a kill
interrupts runs again from its first attempt, as Lambda may run an event more than once. MiniStack has no success
destination, puts an envelope of its own into a dead-letter queue, and loses every event when it is killed.

AWS waits one minute before the first retry and two before the second; here it is seconds.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from ministack.core.responses import new_uuid, request_scope
from ministack.services import lambda_svc

from deployment.emulator.lambda_functions import destinations
from deployment.emulator.lambda_functions.events import Event
from deployment.emulator.persistence import journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger("asynchronous")

RETRIES: Final = 2
RETRY_SECONDS: Final = 1.0
MAXIMUM_AGE_SECONDS: Final = 6 * 3600
CONCURRENT_EVENTS: Final = 64
"""Events that run at the same time; AWS scales much further."""


class Events:
    """The events that were accepted and are not finished."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._journal = journal.Journal(path)
        self._writing = threading.Lock()
        self._slots = threading.BoundedSemaphore(CONCURRENT_EVENTS)

    def accept(self, function: dict[str, Any], payload: Any) -> None:
        """Take an event to be run soon.

        Parameters
        ----------
        function
            MiniStack's record of the function, with the ARN that was invoked.

        Raises
        ------
        OSError
            If it could not be written down.
        """
        event = Event(new_uuid(), function["config"]["FunctionArn"], payload, time.time())
        with self._writing:
            self._journal.append(asdict(event))
        self._start(event)

    def resume(self) -> None:
        """Run the events that an earlier process accepted and did not finish."""
        unfinished: dict[str, Event] = {}
        for entry in journal.read(self._path):
            if "done" in entry:
                unfinished.pop(entry["done"], None)
            else:
                unfinished[entry["id"]] = Event(**entry)
        with self._writing:
            self._journal.close()
            journal.rewrite(self._path, [asdict(event) for event in unfinished.values()])
            self._journal = journal.Journal(self._path)
        for event in unfinished.values():
            self._start(event)

    def _start(self, event: Event) -> None:
        threading.Thread(target=self._run, args=(event,), name=f"event-{event.id}", daemon=True).start()

    def _run(self, event: Event) -> None:
        _, _, _, region, account, *_ = event.function_arn.split(":")
        with request_scope(account, region):
            try:
                with self._slots:
                    run(event, time.sleep)
            except Exception:
                # No caller waits for this thread, and one event must not affect the others.
                log.exception("event %s for %s is dropped", event.id, event.function_arn)
        with self._writing:
            self._journal.append({"done": event.id})


def run(event: Event, wait: Callable[[float], None]) -> None:
    """Run an event until it succeeds or its retries are exhausted, and send the result to the destinations."""
    attempts = 0
    while True:
        function, config, _ = lambda_svc._get_func_record_for_ref(event.function_arn)
        if function is None or config is None:
            log.warning("%s does not exist any more; event %s is dropped", event.function_arn, event.id)
            return
        settings = _settings(function)
        record = lambda_svc._execution_record_for_config(function, {**config, "FunctionArn": event.function_arn})
        result = lambda_svc._execute_function_with_config_scope(record, event.payload)
        # A throttled event has not run, so it uses no attempt.
        attempts += not result.get("throttle")
        condition = _condition(event, result, attempts, settings)
        if condition is not None:
            destinations.send_result(event, condition, attempts, result, config, settings)
            return
        wait(RETRY_SECONDS * 2 ** max(0, attempts - 1))


def _condition(event: Event, result: dict[str, Any], attempts: int, settings: dict[str, Any]) -> str | None:
    """Return why an event is finished, as a destination's record names it, or None while it is to be retried."""
    if not result.get("error") and not result.get("throttle"):
        return "Success"
    if attempts > settings.get("MaximumRetryAttempts", RETRIES):
        return "RetriesExhausted"
    age = time.time() - event.accepted_at
    return "EventAgeExceeded" if age > settings.get("MaximumEventAgeInSeconds", MAXIMUM_AGE_SECONDS) else None


def _settings(function: dict[str, Any]) -> dict[str, Any]:
    by_qualifier = function.get("event_invoke_configs") or {}
    return function.get("event_invoke_config") or by_qualifier.get("$LATEST") or {}
