"""Starts executions of the training workflow and waits for their end."""

from __future__ import annotations

import json
import time
from typing import Any, Protocol

_POLL_SECONDS = 0.5

# The states of a run that the progress bar counts; it does not move while a state repeats.
_MILESTONES = (
    "EnsureDatasets",
    "PublishTrackingId",
    "BuildDataSets",
    "ImportDataSets",
    "TrainAndDeploy",
    "DeployedAll",
)


class WorkflowError(Exception):
    """An execution failed or did not end in time; the message has its error and cause."""


class Progress(Protocol):
    """A display of a job's progress."""

    def show(self, done: float | None = None, total: float | None = None, note: str | None = None) -> None:
        """Show the units done, their total, and the current item."""


def prepare(
    stepfunctions: Any, state_machine_arn: str, bar: Progress, timeout_seconds: float, poll_seconds: float
) -> None:
    """Create the dataset group, its datasets and its event tracker, before events are forwarded."""
    # The name of an execution is unique for 90 days.
    started = stepfunctions.start_execution(
        stateMachineArn=state_machine_arn,
        name=f"prepare-{time.time_ns() // 1_000_000}",
        input=json.dumps({"until": "prepared"}),
    )
    follow(stepfunctions, started["executionArn"], bar, timeout_seconds, poll_seconds)


def follow(
    stepfunctions: Any,
    execution_arn: str,
    bar: Progress,
    timeout_seconds: float = float("inf"),
    poll_seconds: float = _POLL_SECONDS,
) -> dict[str, Any]:
    """Wait for an execution, show its progress, and return its output; `WorkflowError` if it does not succeed."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        execution = stepfunctions.describe_execution(executionArn=execution_arn)
        if execution["status"] == "SUCCEEDED":
            output: dict[str, Any] = json.loads(execution["output"])
            return output
        if execution["status"] != "RUNNING":
            raise WorkflowError(
                f"The workflow ended as {execution['status']} with {execution.get('error', 'no error name')}: "
                f"{execution.get('cause', 'no cause given')}"
            )
        if time.monotonic() >= deadline:
            raise WorkflowError(f"The workflow still runs after {timeout_seconds:.0f} s: {execution_arn}")
        _show(stepfunctions, execution_arn, bar)
        time.sleep(poll_seconds)


def _show(stepfunctions: Any, execution_arn: str, bar: Progress) -> None:
    history = stepfunctions.get_execution_history(executionArn=execution_arn, reverseOrder=True, maxResults=50)
    entered = [
        event["stateEnteredEventDetails"]["name"] for event in history["events"] if "stateEnteredEventDetails" in event
    ]
    reached = max((_MILESTONES.index(name) for name in entered if name in _MILESTONES), default=None)
    bar.show(reached, len(_MILESTONES), note=entered[0] if entered else "")
