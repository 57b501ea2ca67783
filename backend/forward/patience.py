"""How often, and for how long, a call that failed is made again."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

Answered = TypeVar("Answered")

ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.1
# Personalize models InvalidInputException only; ValidationException is AWS's common error for the same.
# https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html, .../CommonErrors.html
REFUSALS = frozenset({"InvalidInputException", "ValidationException"})


class GaveUp(Exception):  # noqa: N818 - says what happened
    """A call failed each time it was made, in a way that may pass; the cause is the last error."""


class Refused(Exception):  # noqa: N818 - says what happened
    """A call was refused for what it said, so making it again is of no use; the message is the service's."""


class Unfinished(Exception):  # noqa: N818 - says what happened
    """A call was answered, but did not do all it was asked for."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to insist.

    Attributes
    ----------
    deadline
        When to stop, on the clock below.
    clock
        Seconds on a clock that never goes back.
    sleep
        Waits so many seconds.
    """

    deadline: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def insist(call: Callable[[], Answered], patience: Patience) -> Answered:
    """Make a call, again where it failed in a way that may pass: throttling, server errors, timeouts.

    Pauses double and are drawn at random up to that, so that many callers do not come back at once
    (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).

    Parameters
    ----------
    call
        The call; it raises `Unfinished` where it did not do everything.
    patience
        How long to insist.

    Returns
    -------
    Answered
        What the call returned.

    Raises
    ------
    Refused
        When the service refuses what is said.
    GaveUp
        When it failed each time, or there is no time left.
    """
    pause = FIRST_PAUSE_SECONDS
    for attempt in range(1, ATTEMPTS + 1):
        if patience.clock() >= patience.deadline:
            raise GaveUp("no time is left")
        try:
            return call()
        except ParamValidationError as error:
            raise Refused(str(error)) from error
        except ClientError as error:
            if error.response["Error"]["Code"] in REFUSALS:
                raise Refused(error.response["Error"]["Message"]) from error
            cause: Exception = error
        except (BotoCoreError, Unfinished) as error:
            cause = error
        if attempt == ATTEMPTS:
            raise GaveUp(f"{ATTEMPTS} attempts failed") from cause
        # Not a secret: a random pause spreads callers.
        patience.sleep(random.uniform(0, pause))  # noqa: S311
        pause *= 2
    raise AssertionError("the last attempt returns or raises")
