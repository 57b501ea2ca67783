"""``POST /recommendations?async=true``: start an execution for what a visitor has chosen and states."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from backend.http import UnavailableError
from backend.recommend.calls import CallFailedError, finish, start
from backend.recommend.executions.state_machine import VisitorsWorkflow, call
from backend.recommend.requests import INTERESTS
from backend.recommend.serve import LOOKUP_SHARE, check_filter
from backend.recommend.visitors.serving import check_chosen, find_described

if TYPE_CHECKING:
    from backend.aws.deadline import Deadline
    from backend.recommend.requests import VisitorRequest
    from backend.recommend.serve import RecommendDependencies

# A training takes longer; a client that waits is not to ask more often than the answer can change.
NO_MODEL_RETRY_SECONDS = 60

# Amazon Personalize separates the values of a categorical column by it.
VALUE_SEPARATOR = "|"

_PROPERTIES = {"age_group": "ageGroup"}
"""The facts whose property in PutUsers, the camel case of the column, has another name."""

_logger = logging.getLogger(__name__)


def start_execution(
    asked: VisitorRequest, dependencies: RecommendDependencies, workflow: VisitorsWorkflow, deadline: Deadline
) -> dict[str, Any]:
    """Start an execution and return its id, its state, and the path of its state.

    Raises
    ------
    BadRequestError
        Where the filter of the request is unknown, or its values do not match its parameters.
    NotFoundError
        Where a chosen item is unknown.
    ThrottledError, UnavailableError
        Where no model is deployed, or Step Functions fails.
    """
    deployed = start(lambda: _is_deployed(dependencies, workflow.campaign_arn))
    described = start(lambda: find_described(asked.chosen, dependencies))
    asked = replace(asked, wanted=check_filter(asked.wanted, dependencies, deadline))
    share = deadline.share(LOOKUP_SHARE)
    try:
        is_deployed = finish(deployed, share)
    except CallFailedError as error:
        _logger.warning("what serves cannot be read: %s", error)
        is_deployed = True  # as an execution shows that fails otherwise
    if not is_deployed:
        raise UnavailableError(NO_MODEL_RETRY_SECONDS, "no model is deployed yet: POST /train trains and deploys one")
    check_chosen(asked.chosen, described, share)
    name = str(uuid4())  # 122 random bits of the operating system: it keeps the result from other callers
    content = json.dumps(_input_of(asked), ensure_ascii=False)
    # The client repeats a request that gets no answer: with the same name and input it starts nothing more.
    call(
        lambda: workflow.client.start_execution(stateMachineArn=workflow.state_machine_arn, name=name, input=content),
        "started",
        deadline,
    )
    return {"execution_id": name, "status": "RUNNING", "status_url": f"/executions/{name}"}


def _is_deployed(dependencies: RecommendDependencies, campaign_arn: str) -> bool:
    """Return whether the training workflow has noted a version that a campaign serves."""
    table = dependencies.tables.answers
    key: Any = {"question": {"S": f"deployed#{campaign_arn}"}}
    read = dependencies.dynamodb.batch_get_item(
        RequestItems={table: {"Keys": [key], "ProjectionExpression": "question"}}
    )
    if read.get("UnprocessedKeys"):
        raise CallFailedError("UnprocessedKeys")
    return bool(read["Responses"].get(table))


def _input_of(asked: VisitorRequest) -> dict[str, Any]:
    """Return the input of the state machine: what is written, what is asked, and what the answer repeats.

    `question` has the members of GetRecommendations as Step Functions names them, but for the campaign and the user.
    """
    wanted = asked.wanted
    facts = dict(asked.facts) | ({INTERESTS: VALUE_SEPARATOR.join(asked.interests)} if asked.interests else {})
    # The chosen items are left out of the answer, which is to have the wanted number all the same.
    question: dict[str, Any] = {"NumResults": wanted.num_results + len(asked.chosen)}
    if wanted.filter:
        question["FilterArn"] = wanted.filter.arn
        if wanted.filter.arguments:
            question["FilterValues"] = dict(wanted.filter.arguments)
    if wanted.context:
        question["Context"] = dict(wanted.context)
    given: dict[str, Any] = {
        "items": list(asked.chosen),
        "facts": {_PROPERTIES.get(name, name): value for name, value in facts.items()},
        "question": question,
        "answer": {
            "facts": list(facts),
            "num_results": wanted.num_results,
            "with_details": wanted.with_details,
            "filter": wanted.filter.name if wanted.filter else None,
            "slot": wanted.slot,
            "variation": wanted.variation,
        },
    }
    return {name: value for name, value in given.items() if value}
