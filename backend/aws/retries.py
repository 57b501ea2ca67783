"""Retries with exponential backoff and jitter, until a deadline."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backend.aws.deadline import Deadline

Result = TypeVar("Result")

ATTEMPTS = 4
CALL_PAUSE_SECONDS = 0.1
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0

# Personalize models InvalidInputException only; ValidationException is AWS's common error for the same.
# https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html, .../CommonErrors.html
REFUSALS = frozenset({"InvalidInputException", "ValidationException"})


class RetriesExhaustedError(Exception):
    """Every attempt at a call failed with an error that may pass; the cause is the last error."""


class CallRefusedError(Exception):
    """The service refused the content of a call, so a retry cannot succeed; the message is the service's."""


class IncompleteCallError(Exception):
    """A call succeeded in part only and is to be retried for the rest."""


def jittered_pauses(first_seconds: float = FIRST_PAUSE_SECONDS) -> Iterator[float]:
    """Yield pauses between retries, in seconds: uniform between 0 and a bound that doubles up to one second.

    The jitter keeps many callers from retrying at the same moment
    (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
    """
    longest = first_seconds
    while True:
        yield random.uniform(0, longest)  # noqa: S311 - spreads callers, keeps no secret
        longest = min(2 * longest, LONGEST_PAUSE_SECONDS)


def call_with_retries(call: Callable[[], Result], deadline: Deadline) -> Result:
    """Make a call, at most four times, while it fails by throttling, a server error or a timeout.

    Parameters
    ----------
    call
        The call; it raises `IncompleteCallError` where a part of it remains to be done.

    Raises
    ------
    CallRefusedError
        When the service refuses the content of the call.
    RetriesExhaustedError
        When every attempt failed, or the deadline has passed.
    """
    pauses = jittered_pauses(CALL_PAUSE_SECONDS)
    for attempt in range(1, ATTEMPTS + 1):
        if deadline.seconds_left <= 0:
            raise RetriesExhaustedError("the deadline has passed")
        try:
            return call()
        except ParamValidationError as error:
            raise CallRefusedError(str(error)) from error
        except ClientError as error:
            if error.response["Error"]["Code"] in REFUSALS:
                raise CallRefusedError(error.response["Error"]["Message"]) from error
            cause: Exception = error
        except (BotoCoreError, IncompleteCallError) as error:
            cause = error
        if attempt == ATTEMPTS:
            raise RetriesExhaustedError(f"{ATTEMPTS} attempts failed") from cause
        deadline.sleep(next(pauses))
    raise AssertionError("the last attempt returns or raises")
