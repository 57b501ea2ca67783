"""Sends requests at a steady rate and keeps, by route, what was answered and when."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, get_args

import msgspec
import numpy as np

from backend.contract.accounting.ledger import SendingOutcome, ledger_line
from backend.contract.lines.served_lists import Source
from tests.load.engine.http_load import drive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.load.shop.requests import Request

DEADLINE_MS = 2000
"""Within which the API answers, as backend/recommend/calls.py has it."""

CONNECTIONS = 8
"""Requests at the same time; those that are due wait for a connection, and their wait counts."""

LATEST_SECONDS = 5.0
"""A request that has waited for so long is not sent: the rate is too high."""

SOURCES: frozenset[str] = frozenset(get_args(Source))

_PROGRESS_SECONDS = 5.0
_OUTCOMES: dict[str, SendingOutcome] = {"accepted": "accepted", "suppressed": "suppressed", "refused": "refused"}


@dataclass
class RouteAnswers:
    """The answers of a route: milliseconds from the moment at which a request was due, and counts."""

    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)

    def percentile(self, share: float) -> float:
        """Return a percentile of the milliseconds; 0 without an answer."""
        return float(np.percentile(self.milliseconds, share)) if self.milliseconds else 0.0


@dataclass
class Measured:
    """What requests at one rate led to.

    Attributes
    ----------
    rate
        Requests per second; None where each connection sends the next request as soon as it has an answer.
    requests
        Their number.
    events
        Accepted ones.
    wrong
        Answers with another status than that of the request, or with an event that was not accepted, by what they were.
    problem
        Why not all requests were sent or answered; empty where they were.
    """

    rate: float | None
    requests: int = 0
    events: int = 0
    routes: defaultdict[str, RouteAnswers] = field(default_factory=lambda: defaultdict(RouteAnswers))
    wrong: Counter[str] = field(default_factory=Counter)
    problem: str = ""

    @property
    def all(self) -> RouteAnswers:
        """The answers of all routes together."""
        routes = self.routes.values()
        return RouteAnswers(
            [each for route in routes for each in route.milliseconds],
            sum((route.statuses for route in routes), Counter()),
            sum((route.sources for route in routes), Counter()),
        )

    @property
    def errors(self) -> int:
        """Wrong answers, and requests without any."""
        return self.wrong.total() + self.requests - self.all.statuses.total()

    @property
    def holds(self) -> bool:
        """Whether all requests were answered as they should be, and 99 of 100 in time."""
        return self.errors == 0 and self.all.percentile(99) <= DEADLINE_MS

    def note(self, request: Request, answer: bytes, milliseconds: float) -> _Body:
        """Count an answer, and return what its body states."""
        head, _, body = answer.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        route = self.routes[request.route]
        route.milliseconds.append(milliseconds)
        route.statuses[status] += 1
        stated = _read(body)
        self.events += sum(verdict.status == "accepted" for verdict in stated.events)
        if stated.source in SOURCES:
            route.sources[stated.source] += 1
        if status != request.status:
            self.wrong[f"{request.route}: {status}"] += 1
        elif any(verdict.status != "accepted" for verdict in stated.events):
            self.wrong[f"{request.route}: an event was not accepted"] += 1
        return stated


class _Verdict(msgspec.Struct):
    status: str
    event_id: str | None = None


class _Body(msgspec.Struct):
    source: str = ""
    events: list[_Verdict] = []


_decode = msgspec.json.Decoder(_Body).decode


def _read(body: bytes) -> _Body:
    try:
        return _decode(body)
    except msgspec.DecodeError:  # a list of events that a user has, or an error of the gateway
        return _Body()


def measure(
    port: int,
    requests: Sequence[Request],
    rate: float | None,
    ledger: BinaryIO,
    show: Callable[[Measured, float], None],
) -> Measured:
    """Send requests, and write their events to the ledger with what was answered.

    Parameters
    ----------
    rate
        As in `Measured`.
    show
        Called with what was measured so far and the seconds since the first request, every five seconds.
    """
    measured = Measured(rate, len(requests))
    unanswered = dict(enumerate(requests))
    begun = time.monotonic()
    began_at = datetime.now(UTC)
    shown = begun

    def on_answer(number: int, answer: bytes, milliseconds: float) -> None:
        nonlocal shown
        request = unanswered.pop(number)
        stated = measured.note(request, answer, milliseconds)
        due_at = datetime.now(UTC) - timedelta(milliseconds=milliseconds)
        _write(ledger, request, due_at, [verdict.status for verdict in stated.events])
        now = time.monotonic()
        if now - shown >= _PROGRESS_SECONDS:
            shown = now
            show(measured, now - begun)

    try:
        drive(
            port,
            [request.content for request in requests],
            connections=CONNECTIONS,
            per_second=rate,
            latest_seconds=LATEST_SECONDS,
            on_answer=on_answer,
        )
    except OSError as error:
        measured.problem = str(error)
    if unanswered and not measured.problem:
        measured.problem = f"the laptop was {LATEST_SECONDS:g} s behind"
    for request in unanswered.values():
        _write(ledger, request, began_at, [])
    ledger.flush()
    return measured


def _write(ledger: BinaryIO, request: Request, sent_at: datetime, verdicts: Iterable[str]) -> None:
    """Write a line for each event; one without a verdict may be stored or not."""
    given = iter(verdicts)
    answered_at = datetime.now(UTC)
    for event_id, event_type in request.events:
        outcome = _OUTCOMES.get(next(given, ""), "unknown")
        ledger.write(ledger_line(outcome, sent_at, answered_at, event_id=event_id, event_type=event_type))
