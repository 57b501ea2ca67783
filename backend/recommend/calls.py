"""Calls to AWS that end by the deadline of the request, whatever the other side does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from backend.aws.errors import error_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from backend.aws.deadline import Deadline

REQUEST_SECONDS = 2.0
"""Time for all calls of one request. The client's own timeouts apply to each read, which a slow body never exceeds."""

WORKERS = 16
"""A call that is late keeps its thread until it ends; while all threads are taken, calls fail."""

_Result = TypeVar("_Result")


class CallFailedError(Exception):
    """A call failed or took too long; the message is the reason in one word, fit for callers, logs and metrics."""


def start(call: Callable[[], _Result]) -> Future[_Result]:
    """Start a call, whose result `finish` returns."""
    return _pool().submit(call)


def finish(started: Future[_Result], deadline: Deadline) -> _Result:
    """Return the result of a call.

    Raises
    ------
    CallFailedError
        Where the call raised anything, be it an error of AWS or an answer of another form, or is late.
    """
    try:
        return started.result(max(0.0, deadline.seconds_left))
    except CallFailedError:
        raise
    except Exception as error:
        started.cancel()
        raise CallFailedError(error_name(error)) from error


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="recommend")
