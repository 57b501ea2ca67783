"""Retries with exponential backoff and jitter, until a deadline."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError, ParamValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backend.aws.deadline import Deadline

Result = TypeVar("Result")

ATTEMPTS = 4
CALL_PAUSE_SECONDS = 0.1
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0

# Personalize models InvalidInputException only; the others are AWS's common errors for the same.
# https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html, .../CommonErrors.html
REFUSALS = frozenset({"InvalidInputException", "ValidationException", "SerializationException"})

# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
THROTTLES = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
_TOO_MANY_REQUESTS = 429


class RetriesExhaustedError(Exception):
    """Every attempt at a call failed with an error that may pass; the cause is the last error."""


class ThrottledError(RetriesExhaustedError):
    """The last attempt was throttled, which does not depend on the content of the call."""


class OutOfTimeError(RetriesExhaustedError):
    """Too little time was left for a further attempt."""


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


def call_with_retries(
    call: Callable[[], Result], deadline: Deadline, *, attempts: int = ATTEMPTS, seconds: float = 0.0
) -> Result:
    """Make a call several times, while it fails by throttling, a server error, a timeout or an unreadable answer.

    Parameters
    ----------
    call
        The call; it raises `IncompleteCallError` where a part of it remains to be done.
    seconds
        The longest that an attempt may take, by the timeouts of its client; none starts that could end too late.

    Raises
    ------
    CallRefusedError
        When the service refuses the content of the call.
    OutOfTimeError
        When the deadline comes first.
    RetriesExhaustedError
        When every attempt failed; `ThrottledError` when the last one was throttled.
    """
    pauses = jittered_pauses(CALL_PAUSE_SECONDS)
    for attempt in range(1, attempts + 1):
        if deadline.seconds_left <= seconds:
            raise OutOfTimeError("the deadline is too close")
        try:
            return call()
        except ParamValidationError as error:
            raise CallRefusedError(str(error)) from error
        except ClientError as error:
            if error.response["Error"]["Code"] in REFUSALS:
                raise CallRefusedError(error.response["Error"]["Message"]) from error
            cause: Exception = error
        except Exception as error:  # noqa: BLE001 - an answer that is not AWS's raises whatever the parser meets
            cause = error
        if attempt == attempts:
            kind = ThrottledError if _is_throttled(cause) else RetriesExhaustedError
            raise kind(f"{attempts} attempts failed") from cause
        deadline.sleep(next(pauses))
    raise AssertionError("the last attempt returns or raises")


def _is_throttled(error: Exception) -> bool:
    if not isinstance(error, ClientError):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return error.response["Error"]["Code"] in THROTTLES or status == _TOO_MANY_REQUESTS
