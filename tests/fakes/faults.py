"""Scheduled faults of a fake, by call, by seed or for a time: before or after acceptance, slow, partial, misshapen."""

from __future__ import annotations

import functools
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.parsers import ResponseParserError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence


class KilledError(BaseException):
    """The process is killed, as an execution environment of Lambda is: no handler of exceptions runs."""


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


def unreadable() -> ResponseParserError:
    """Return what boto3 raises for a page of HTML in place of XML."""
    return ResponseParserError("Unable to parse response (not well-formed): invalid XML received")


_UNCHANGED: Any = object()


@dataclass(frozen=True)
class Fault:
    """What happens at one call.

    Attributes
    ----------
    before, after
        Raised in place of the call, or once it was accepted.
    failing
        Of a call for several entries, the positions of those that are not accepted, and their error code.
    answer
        Given in place of the answer to an accepted call.
    effect
        Runs first: lets time pass, or changes other faults.
    """

    before: BaseException | None = None
    after: BaseException | None = None
    failing: frozenset[int] = frozenset()
    code: str = "InternalFailure"
    answer: Any = _UNCHANGED
    effect: Callable[[], None] = field(default=lambda: None)


NONE = Fault()

Planned = BaseException | Fault | None
"""An exception stands for a fault before acceptance, None for no fault."""


class Steps:
    """Numbers the calls to all fakes of a world, and kills the process at one of them."""

    def __init__(self) -> None:
        self.count = 0
        self._kill_before = self._kill_after = 0

    def kill(self, number: int, *, is_accepted: bool) -> None:
        """Kill the process at the call of this number, from 1, before or after its acceptance."""
        self._kill_before, self._kill_after = (0, number) if is_accepted else (number, 0)

    def begin(self) -> int:
        self.count += 1
        if self.count == self._kill_before:
            raise KilledError
        return self.count

    def end(self, number: int) -> None:
        if number == self._kill_after:
            raise KilledError


class Faults:
    """Plays the faults of one operation; safe to share between threads, but for a partial one."""

    def __init__(self, steps: Steps | None = None) -> None:
        self._schedule: deque[Planned] = deque()
        self._draw: Callable[[], Planned] = lambda: None
        self._steps = steps or Steps()
        self._lock = threading.Lock()
        self.calls = 0
        self.current = NONE

    def plan(self, schedule: Iterable[Planned]) -> None:
        """Play these faults at the next calls."""
        self._schedule.extend(schedule)

    def always(self, fault: Planned, effect: Callable[[], None] | None = None) -> None:
        """Play a fault at every call that is not planned."""
        played = fault if effect is None else Fault(before=_exception(fault), effect=effect)
        self._draw = lambda: played

    def during(self, holds: Callable[[], bool], fault: Planned) -> None:
        """Play a fault while a condition holds."""
        self._draw = lambda: fault if holds() else None

    def by_seed(self, draw: random.Random, rate: float, kinds: Sequence[Planned]) -> None:
        """Play a fault of some kinds at a share of the calls."""
        self._draw = lambda: draw.choice(kinds) if draw.random() < rate else None

    def happen(self) -> None:
        """Play the fault of a call whose acceptance changes nothing."""
        self.play(lambda: None)

    def play(self, accept: Callable[[], Any]) -> Any:
        with self._lock:
            self.calls += 1
            planned = self._schedule.popleft() if self._schedule else self._draw()
            self.current = fault = planned if isinstance(planned, Fault) else Fault(before=planned)
        number = self._steps.begin()
        fault.effect()
        if fault.before is not None:
            raise fault.before
        answer = accept()
        if fault.after is not None:
            raise fault.after
        self._steps.end(number)
        return answer if fault.answer is _UNCHANGED else fault.answer


def played(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Let a fake's operation play the `faults` of the fake: one, or those of the operation's name."""

    @functools.wraps(operation)
    def call(fake: Any, **arguments: Any) -> Any:
        faults = fake.faults if isinstance(fake.faults, Faults) else fake.faults[operation.__name__]
        return faults.play(lambda: operation(fake, **arguments))

    return call


def _exception(fault: Planned) -> BaseException | None:
    return fault.before if isinstance(fault, Fault) else fault
