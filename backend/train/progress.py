"""``GET /train/{id}``: the progress of a training, and the cause of its failure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from backend.contract import write_instant
from backend.http import answer
from backend.train.executions import step_functions_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef, HistoryEventTypeDef

    from backend.http import Answer, Request
    from backend.train.executions import TrainDependencies

RECENT_EVENTS = 100
"""Events of the history that are searched for the step; a step that polls a job enters few states per poll."""

MAX_CAUSE_CHARACTERS = 1000
_MESSAGE_NAMES = ("ErrorMessage", "errorMessage", "message", "Message")


def get_train(request: Request, dependencies: TrainDependencies) -> Answer:
    """Answer with the progress of a training: its status, times, current or failed step, cause and output.

    Raises
    ------
    BadRequestError, NotFoundError
        Where the id is malformed or unknown.
    ThrottledError, UnavailableError
        Where Step Functions fails.
    """
    execution_id = request.path_parameters["id"]
    arn = dependencies.arn_of(execution_id)
    with step_functions_errors():
        execution = dependencies.states.describe_execution(executionArn=arn)
        history: Sequence[HistoryEventTypeDef] = []
        if execution["status"] != "SUCCEEDED":
            history = dependencies.states.get_execution_history(
                executionArn=arn, reverseOrder=True, maxResults=RECENT_EVENTS, includeExecutionData=False
            )["events"]
    return answer(200, _progress(execution_id, execution, history))


def _progress(
    execution_id: str, execution: DescribeExecutionOutputTypeDef, history: Sequence[HistoryEventTypeDef]
) -> dict[str, Any]:
    progress: dict[str, Any] = {
        "id": execution_id,
        "status": execution["status"],
        "started": write_instant(execution["startDate"]),
    }
    if "stopDate" in execution:
        progress["stopped"] = write_instant(execution["stopDate"])
    if execution["status"] == "SUCCEEDED":
        progress["output"] = _read(execution.get("output") or "null")
        return progress
    step = step_of(history)
    if step is not None:
        progress["step"] = step
    if execution["status"] != "RUNNING":
        progress["cause"] = cause_of(execution, step)
    return progress


def step_of(history: Sequence[HistoryEventTypeDef]) -> str | None:
    """Return the name of the last state that was entered before the latest event, or None where there is none.

    The branches of a Map run in parallel, so the events are followed back by `previousEventId`
    (https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html).

    Parameters
    ----------
    history
        Events, the latest first.
    """
    by_id = {event["id"]: event for event in history}
    event = history[0] if history else None
    while event is not None:
        if "stateEnteredEventDetails" in event:
            return event["stateEnteredEventDetails"]["name"]
        event = by_id.get(event.get("previousEventId") or 0)
    entered = (event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event)
    return next(entered, None)


def cause_of(execution: DescribeExecutionOutputTypeDef, step: str | None) -> str:
    """Return a sentence on why a training did not succeed."""
    where = f" at {step}" if step else ""
    if execution["status"] == "TIMED_OUT":
        return f"The training exceeded its timeout; it was{where}."
    message = execution.get("cause") or ""
    if execution["status"] == "ABORTED":
        reason = f": {message}" if message else f" by a user; it was{where}."
        return f"The training was aborted{reason}"[:MAX_CAUSE_CHARACTERS]
    details = _read(message)
    if isinstance(details, dict):  # the integrations of services answer with a whole object
        message = next((str(details[name]) for name in _MESSAGE_NAMES if name in details), message)
    error = execution.get("error") or "an error without a name"
    return f"The training failed{where} with {error}: {message or 'there are no details'}"[:MAX_CAUSE_CHARACTERS]


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
