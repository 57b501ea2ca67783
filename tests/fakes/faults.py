"""Scheduled faults of a fake: call by call an error as boto3 raises it, or none."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ReadTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def client_error(code: str, status: int, operation: str = "Operation", message: str = "scripted") -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)  # type: ignore[arg-type]


def throttled() -> ClientError:
    return client_error("ThrottlingException", 400)


def server_error() -> ClientError:
    return client_error("InternalFailure", 500)


def denied() -> ClientError:
    return client_error("AccessDeniedException", 403)


def timeout() -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url="http://fake")


class Faults:
    """Raises the scheduled errors, call by call; safe to share between threads.

    A fault may also change the world, by a function that runs at the call: let time pass, or let other calls fail.
    """

    def __init__(self) -> None:
        self._schedule: deque[Exception | None] = deque()
        self._always: Exception | None = None
        self._effect: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self.calls = 0

    def plan(self, schedule: Iterable[Exception | None]) -> None:
        self._schedule.extend(schedule)

    def always(self, error: Exception | None, effect: Callable[[], None] = lambda: None) -> None:
        self._always, self._effect = error, effect

    def happen(self) -> None:
        with self._lock:
            self.calls += 1
            is_planned = bool(self._schedule)
            error = self._schedule.popleft() if is_planned else self._always
        if not is_planned:
            self._effect()
        if error is not None:
            raise error
