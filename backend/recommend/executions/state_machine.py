"""The state machine of visitors, and its errors as HTTP errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from backend.http import HttpError, NotFoundError, ThrottledError, UnavailableError
from backend.recommend.calls import CallFailedError, finish, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_stepfunctions import SFNClient

    from backend.aws.deadline import Deadline

RETRY_AFTER_SECONDS = 5

_THROTTLES = frozenset({"ThrottlingException", "ExecutionLimitExceeded", "KmsThrottlingException"})

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class VisitorsWorkflow:
    """The state machine of visitors.

    Attributes
    ----------
    campaign_arn
        The campaign that the state machine asks.
    """

    client: SFNClient
    state_machine_arn: str
    campaign_arn: str

    def arn_of(self, execution_id: str) -> str:
        """Return the ARN of an execution, which follows from the state machine's."""
        return f"{self.state_machine_arn.replace(':stateMachine:', ':execution:')}:{execution_id}"


def call(request: Callable[[], _Result], verb: str, deadline: Deadline) -> _Result:
    """Return the result of a request to Step Functions.

    Parameters
    ----------
    verb
        What cannot be done to the execution where the request fails, for the caller: started or read.

    Raises
    ------
    NotFoundError
        Where the execution does not exist.
    ThrottledError, UnavailableError
        Where a retry may succeed.
    """
    try:
        return finish(start(request), deadline)
    except CallFailedError as error:
        raise _http_error(str(error), verb) from error


def unknown_execution() -> NotFoundError:
    """Return the error of an id that names no execution."""
    return NotFoundError("id", "names no execution; POST /recommendations?async=true answers with the id of one")


def _http_error(code: str, verb: str) -> HttpError:
    if code == "ExecutionDoesNotExist":
        return unknown_execution()
    if code in _THROTTLES:
        return ThrottledError(RETRY_AFTER_SECONDS)
    return UnavailableError(RETRY_AFTER_SECONDS, f"the execution cannot be {verb} ({code})")
