"""Names and ARNs of the state machine's executions, and its errors as what a caller is told."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from backend.http import BadRequest, NotFound, Throttled, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_stepfunctions import SFNClient

RETRY_AFTER_SECONDS = 5

TRAINERS = ("personalize", "sagemaker")
"""What the state machine can train with; the first where nobody says."""

_THROTTLES = frozenset({"ThrottlingException", "ExecutionLimitExceeded", "KmsThrottlingException"})
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True, slots=True)
class Services:
    """What trainings are started with.

    Attributes
    ----------
    states
        Client of Step Functions.
    state_machine_arn
        The state machine that trains.
    trainers
        Those of `TRAINERS` that are set up here.
    """

    states: SFNClient
    state_machine_arn: str
    trainers: Sequence[str]

    def arn_of(self, execution_id: str) -> str:
        """Return the ARN of an execution.

        Parameters
        ----------
        execution_id
            Its name.

        Returns
        -------
        str
            Its ARN, which follows from the state machine's.

        Raises
        ------
        BadRequest
            Where it cannot be a name; https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html.
        """
        if not _NAME.fullmatch(execution_id):
            raise BadRequest("id", "must be 1 to 80 letters, digits, hyphens or underscores")
        return f"{self.state_machine_arn.replace(':stateMachine:', ':execution:')}:{execution_id}"


@contextmanager
def explained() -> Iterator[None]:
    """Turn what Step Functions says into what a caller is told.

    Raises
    ------
    NotFound
        Where there is no such execution.
    Throttled, Unavailable
        Where it may work later.
    """
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ExecutionDoesNotExist":
            raise NotFound("id", "names no training; POST /train answers with the id of one") from None
        if code in _THROTTLES:
            raise Throttled(RETRY_AFTER_SECONDS) from error
        raise Unavailable(RETRY_AFTER_SECONDS, f"the state machine cannot be reached ({code})") from error
    except BotoCoreError as error:
        raise Unavailable(RETRY_AFTER_SECONDS, "the state machine cannot be reached") from error
