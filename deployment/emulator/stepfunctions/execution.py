"""Executions: their time limit, their stop, and waits that end with the execution.

A state machine's ``TimeoutSeconds`` ends the execution as TIMED_OUT with ``States.Timeout``
(https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html), and a stopped execution starts no
further state, whichever branch it is in.
"""

from __future__ import annotations

import contextvars
import json
import math
import threading
import time
from dataclasses import dataclass
from typing import Any

from ministack.services import stepfunctions as states

# The interval at which a wait checks whether its execution has ended.
WAIT_SLICE_SECONDS = 0.2


@dataclass(frozen=True)
class Running:
    """The execution of the current thread and its role."""

    record: dict[str, Any]
    role_arn: str

    @property
    def is_over(self) -> bool:
        """Whether the execution was stopped, timed out or failed."""
        return bool(self.record["status"] != "RUNNING")


class ExecutionEndedError(SystemExit):
    """Unwinds a thread whose execution is over.

    It is a ``SystemExit``, which a state's Catch does not see and which ends a thread without a traceback.
    """


# The deadline of the current thread's Task.
deadline: contextvars.ContextVar[float] = contextvars.ContextVar("deadline", default=math.inf)
# Threads of branches, map items and tasks with a time limit start with a copy of the context, so they inherit it.
current: contextvars.ContextVar[Running | None] = contextvars.ContextVar("current", default=None)


def install() -> None:
    """Override how an execution runs, fails and waits."""
    run, fail, task = states._run_execution, states._fail_execution, states._execute_task

    def run_execution(execution_arn: str) -> None:
        record = states._executions.get(execution_arn)
        machine = states._state_machines.get(record["stateMachineArn"]) if record else None
        if record is None or machine is None:
            run(execution_arn)
            return
        current.set(Running(record, machine["roleArn"]))
        limit = json.loads(machine["definition"]).get("TimeoutSeconds")
        timer = _start_timer(limit, record) if limit else None
        try:
            run(execution_arn)
        except ExecutionEndedError:
            pass
        finally:
            if timer:
                timer.cancel()

    def fail_execution(record: dict[str, Any], error: str, cause: str) -> None:
        # A branch that fails after the end must not change the result of the execution.
        if record["status"] == "RUNNING":
            fail(record, error, cause)

    def execute_task(state: dict[str, Any], raw_input: Any, record: dict[str, Any], context: dict[str, Any]) -> Any:
        stop_if_over()
        return task(state, raw_input, record, context)

    states._run_execution = run_execution
    states._fail_execution = fail_execution
    states._execute_task = execute_task
    states._scaled_sleep = wait
    _end_tasks_that_timed_out()


def stop_if_over() -> None:
    """Unwind this thread (`ExecutionEndedError`) if its execution has ended or its Task has timed out."""
    running = current.get()
    if (running is not None and running.is_over) or time.monotonic() > deadline.get():
        raise ExecutionEndedError


def wait(seconds: float) -> None:
    """Sleep until the time is over, or raise `ExecutionEndedError` once the execution of this thread has ended."""
    until = time.monotonic() + seconds * states._SFN_WAIT_SCALE
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, WAIT_SLICE_SECONDS))
        stop_if_over()


def _end_tasks_that_timed_out() -> None:
    """Set a deadline for the thread of a Task with ``TimeoutSeconds``, so that it stops the job that it waits for."""
    invoke = states._invoke_resource_with_timeout

    def invoke_resource_with_timeout(resource: str, arguments: Any, timeout: float) -> Any:
        # Slightly later than the state itself, which has to see its own time-out first.
        token = deadline.set(time.monotonic() + timeout + WAIT_SLICE_SECONDS)
        try:
            return invoke(resource, arguments, timeout)
        finally:
            deadline.reset(token)

    states._invoke_resource_with_timeout = invoke_resource_with_timeout


def _start_timer(limit_seconds: float, record: dict[str, Any]) -> threading.Timer:
    context = contextvars.copy_context()
    timer = threading.Timer(limit_seconds, context.run, args=(_time_out, record))
    timer.daemon = True
    timer.start()
    return timer


def _time_out(record: dict[str, Any]) -> None:
    if record["status"] != "RUNNING":
        return
    record.update(status="TIMED_OUT", stopDate=states.now_iso(), error="States.Timeout", cause=None)
    states._add_event(record, "ExecutionTimedOut", {"executionTimedOutEventDetails": {"error": "States.Timeout"}})
    states._emit_execution_status_event(record)
