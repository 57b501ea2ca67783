"""``GET /executions/{id}``: the state of an execution, and of one that succeeded the items."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.contract.access.roles import VISITOR_PREFIX
from backend.recommend.executions.state_machine import VisitorsWorkflow, call, unknown_execution
from backend.recommend.filters import FilterChoice
from backend.recommend.recommender import Recommendation, name_of
from backend.recommend.requests import RecommendationRequest
from backend.recommend.serve import Answered, Found, complete

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

    from backend.aws.deadline import Deadline
    from backend.contract.lines.served_lists import Source
    from backend.recommend.serve import RecommendDependencies

# https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html, of which ids use a part.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")

_RUNNING = frozenset({"RUNNING", "PENDING_REDRIVE"})


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of an execution.

    Attributes
    ----------
    body
        Of the answer.
    answered
        Its result, of one that succeeded.
    """

    body: dict[str, Any]
    answered: Answered | None = None


def read_execution(
    execution_id: str,
    dependencies: RecommendDependencies,
    workflow: VisitorsWorkflow,
    now: int,
    deadline: Deadline,
) -> Progress:
    """Return the state of an execution, and leave the served list of one that succeeded.

    The list has the execution's id, so that readings of one result count as one list.

    Parameters
    ----------
    now
        Milliseconds since the epoch.

    Raises
    ------
    NotFoundError
        Where the id names no execution.
    ThrottledError, UnavailableError
        Where Step Functions fails.
    """
    if not _NAME.fullmatch(execution_id):
        raise unknown_execution()
    execution = call(
        lambda: workflow.client.describe_execution(executionArn=workflow.arn_of(execution_id)), "read", deadline
    )
    body: dict[str, Any] = {"execution_id": execution_id}
    if execution["status"] in _RUNNING:
        return Progress(body | {"status": "RUNNING"})
    if execution["status"] != "SUCCEEDED":
        return Progress(body | {"status": "FAILED", "reason": _reason(execution)})
    given, output = json.loads(execution["input"]), json.loads(execution["output"])
    request = _request_of(f"{VISITOR_PREFIX}{execution_id}", given["answer"])
    found = _found(given, output, name_of(workflow.campaign_arn))
    answered = complete(request, found, dependencies, now, execution_id, deadline)
    if "facts" in given:
        answered.body["facts"] = given["answer"]["facts"]
    answered.body["took_ms"] = round((execution["stopDate"] - execution["startDate"]).total_seconds() * 1000)
    return Progress(body | {"status": "SUCCEEDED", "result": answered.body}, answered)


def _request_of(user_id: str, wanted: dict[str, Any]) -> RecommendationRequest:
    """Return the request of which an execution's result is the answer."""
    return RecommendationRequest(
        "recommendations",
        user_id=user_id,
        num_results=wanted["num_results"],
        filter=FilterChoice(wanted["filter"]) if wanted["filter"] else None,
        slot=wanted["slot"],
        variation=wanted["variation"],
        with_details=wanted["with_details"],
    )


def _found(given: dict[str, Any], output: dict[str, Any], model: str) -> Found:
    """Return what the campaign has answered."""
    source: Source = "chosen" if "facts" not in given else "chosen_and_facts" if "items" in given else "facts"
    items = output["items"]
    return Found(source, Recommendation(items, output.get("recommendation_id"), model, len(items)), None)


def _reason(execution: DescribeExecutionOutputTypeDef) -> str:
    """Return why an execution failed, without the cause, in which AWS may quote the request and names a role."""
    if execution["status"] == "TIMED_OUT":
        return "the execution exceeded its timeout; start another"
    if execution["status"] == "ABORTED":
        return "the execution was aborted; start another"
    return f"the execution failed with {execution.get('error') or 'an error without a name'}; start another"
