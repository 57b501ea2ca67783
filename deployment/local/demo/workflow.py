"""Starts the training workflow and waits for its end."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from deployment.local.demo.errors import DemoError

if TYPE_CHECKING:
    from deployment.local.demo.api import Api
    from deployment.local.provision import Progress

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


def prepare(stepfunctions: Any, state_machine_arn: str, name: str, bar: Progress) -> None:
    """Create the dataset group, its datasets and its event tracker, before events are sent.

    The name of the execution is unique for 90 days. An execution that does not succeed is a `DemoError`.
    """
    started = stepfunctions.start_execution(
        stateMachineArn=state_machine_arn, name=name, input=json.dumps({"until": "prepared"})
    )
    _follow(stepfunctions, started["executionArn"], bar)


def train(api: Api, stepfunctions: Any, state_machine_arn: str, bar: Progress) -> dict[str, Any]:
    """Start training by POST /train, wait for it, and return the output of the execution; raises as `prepare` does."""
    started = api.post("/train", {})
    arn = state_machine_arn.replace(":stateMachine:", ":execution:") + ":" + started["id"]
    return _follow(stepfunctions, arn, bar)


def _follow(stepfunctions: Any, execution_arn: str, bar: Progress) -> dict[str, Any]:
    while True:
        execution = stepfunctions.describe_execution(executionArn=execution_arn)
        if execution["status"] == "SUCCEEDED":
            output: dict[str, Any] = json.loads(execution["output"])
            return output
        if execution["status"] != "RUNNING":
            raise DemoError(
                f"The workflow ended as {execution['status']} with {execution.get('error', 'no error name')}: "
                f"{execution.get('cause', 'no cause given')}"
            )
        _show(stepfunctions, execution_arn, bar)
        time.sleep(_POLL_SECONDS)


def _show(stepfunctions: Any, execution_arn: str, bar: Progress) -> None:
    history = stepfunctions.get_execution_history(executionArn=execution_arn, reverseOrder=True, maxResults=50)
    entered = [
        event["stateEnteredEventDetails"]["name"] for event in history["events"] if "stateEnteredEventDetails" in event
    ]
    reached = max((_MILESTONES.index(name) for name in entered if name in _MILESTONES), default=None)
    bar.show(reached, len(_MILESTONES), note=entered[0] if entered else "")
