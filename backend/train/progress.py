"""``GET /train/{id}``: how a training goes, and in plain words what it failed at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from backend.contract import write_instant
from backend.http import answer
from backend.train.executions import explained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef, HistoryEventTypeDef

    from backend.http import Answer, Request
    from backend.train.executions import Services

RECENT_EVENTS = 100
"""How far back the step is looked for; a step that waits for a job enters few states between two looks."""

MAX_CAUSE_CHARACTERS = 1000
_MESSAGE_NAMES = ("ErrorMessage", "errorMessage", "message", "Message")


def get_train(request: Request, services: Services) -> Answer:
    """Tell how a training goes.

    Parameters
    ----------
    request
        The request, with the training's id in its path.
    services
        Where it runs.

    Returns
    -------
    Answer
        200 with status, times, the step it is at or failed at, cause, and output.

    Raises
    ------
    BadRequest, NotFound
        Where the id is none, or none that is known.
    Throttled, Unavailable
        Where Step Functions does not tell.
    """
    execution_id = request.path_parameters["id"]
    arn = services.arn_of(execution_id)
    with explained():
        execution = services.states.describe_execution(executionArn=arn)
        history: Sequence[HistoryEventTypeDef] = []
        if execution["status"] != "SUCCEEDED":
            history = services.states.get_execution_history(
                executionArn=arn, reverseOrder=True, maxResults=RECENT_EVENTS, includeExecutionData=False
            )["events"]
    return answer(200, _told(execution_id, execution, history))


def _told(
    execution_id: str, execution: DescribeExecutionOutputTypeDef, history: Sequence[HistoryEventTypeDef]
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": execution_id,
        "status": execution["status"],
        "started": write_instant(execution["startDate"]),
    }
    if "stopDate" in execution:
        told["stopped"] = write_instant(execution["stopDate"])
    if execution["status"] == "SUCCEEDED":
        told["output"] = _read(execution.get("output") or "null")
        return told
    step = step_of(history)
    if step is not None:
        told["step"] = step
    if execution["status"] != "RUNNING":
        told["cause"] = cause_of(execution, step)
    return told


def step_of(history: Sequence[HistoryEventTypeDef]) -> str | None:
    """Return the state that was entered last on the way to the newest event.

    Branches of a Map run side by side, so the way is followed back from event to event where they say which came
    before (https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html).

    Parameters
    ----------
    history
        Events, newest first.

    Returns
    -------
    str | None
        The state's name; None where no state was entered in these events.
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
    """Say in plain words why a training did not succeed.

    Parameters
    ----------
    execution
        What Step Functions says of it.
    step
        The state that it ended in.

    Returns
    -------
    str
        A sentence or two.
    """
    where = f" at {step}" if step else ""
    if execution["status"] == "TIMED_OUT":
        return f"The training took longer than it may; it was{where}."
    if execution["status"] == "ABORTED":
        return f"The training was stopped by hand; it was{where}."
    said = execution.get("cause") or ""
    read = _read(said)
    if isinstance(read, dict):  # services' own integrations answer with a whole object
        said = next((str(read[name]) for name in _MESSAGE_NAMES if name in read), said)
    error = execution.get("error") or "an error without a name"
    return f"The training failed{where} with {error}: {said or 'nothing more is said'}"[:MAX_CAUSE_CHARACTERS]


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
