"""Stops the executions of the training workflow, which would create again what is removed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from deployment.remove.personalize import POLL_SECONDS, TrainingRunsError

if TYPE_CHECKING:
    from deployment.workflow import Progress

_CAUSE = "The environment is being removed."


def running_executions(stepfunctions: Any, state_machine_arn: str) -> list[str]:
    """Return the ARNs of the running executions, none where the state machine does not exist."""
    pages = stepfunctions.get_paginator("list_executions").paginate(
        stateMachineArn=state_machine_arn, statusFilter="RUNNING"
    )
    try:
        return [execution["executionArn"] for page in pages for execution in page["executions"]]
    except stepfunctions.exceptions.StateMachineDoesNotExist:
        return []


def stop_executions(
    stepfunctions: Any,
    state_machine_arn: str,
    bar: Progress,
    *,
    is_requested: bool,
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Stop the running executions, and wait until none runs.

    Raises
    ------
    TrainingRunsError
        Where an execution runs and its stop is not requested.
    """
    while running := running_executions(stepfunctions, state_machine_arn):
        names = ", ".join(arn.rpartition(":")[2] for arn in running)
        if not is_requested:
            raise TrainingRunsError(f"A training is in progress: {names}. Wait for it, or use --stop-training.")
        for arn in running:
            stepfunctions.stop_execution(executionArn=arn, error="EnvironmentRemoved", cause=_CAUSE)
        bar.show(note=f"stopping {names}")
        time.sleep(poll_seconds)
