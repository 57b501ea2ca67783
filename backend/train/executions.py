"""Names and ARNs of the state machine's executions, and its errors as HTTP errors."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from backend.http import BadRequestError, NotFoundError, ThrottledError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_stepfunctions import SFNClient

RETRY_AFTER_SECONDS = 5

TRAINERS = ("personalize", "sagemaker")
"""The services that the state machine can train with; the first is the default."""

_THROTTLES = frozenset({"ThrottlingException", "ExecutionLimitExceeded", "KmsThrottlingException"})
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True, slots=True)
class TrainDependencies:
    """The client of Step Functions, the state machine that trains, and the trainers of this environment."""

    states: SFNClient
    state_machine_arn: str
    trainers: Sequence[str]

    def arn_of(self, execution_id: str) -> str:
        """Return the ARN of an execution, which follows from the state machine's.

        Raises
        ------
        BadRequestError
            Where the id is not a valid name; https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html.
        """
        if not _NAME.fullmatch(execution_id):
            raise BadRequestError("id", "must be 1 to 80 letters, digits, hyphens or underscores")
        return f"{self.state_machine_arn.replace(':stateMachine:', ':execution:')}:{execution_id}"


@contextmanager
def step_functions_errors() -> Iterator[None]:
    """Raise the errors of Step Functions inside the block as HTTP errors.

    Raises
    ------
    NotFoundError
        Where the execution does not exist.
    ThrottledError, UnavailableError
        Where a retry may succeed.
    """
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ExecutionDoesNotExist":
            raise NotFoundError("id", "names no training; POST /train answers with the id of one") from None
        if code in _THROTTLES:
            raise ThrottledError(RETRY_AFTER_SECONDS) from error
        raise UnavailableError(RETRY_AFTER_SECONDS, f"the state machine cannot be reached ({code})") from error
    except BotoCoreError as error:
        raise UnavailableError(RETRY_AFTER_SECONDS, "the state machine cannot be reached") from error
