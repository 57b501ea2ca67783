"""Calls to the event tracker and writes of history: users in parallel, the calls of one user in order."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from backend.aws.batch_write import MAX_WRITES_PER_CALL
from backend.aws.retries import OutOfTimeError, ThrottledError
from backend.forward.pool import WORKERS, finish_all
from backend.forward.tracker import CALL_SECONDS, CallOutcome, TrackerUnknownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from backend.contract import Refusal
    from backend.forward.control import Control
    from backend.forward.grouping import Call
    from backend.forward.history import History
    from backend.forward.pool import Pool
    from backend.forward.reading import ReceivedEvent
    from backend.forward.tracker import Tracker

MOST_VALUABLE = "Purchase"
"""The type of event whose users are served first, since an invocation may end before all are."""


class Checkpoint:
    """The first Kinesis record of a batch to be redelivered; Kinesis redelivers every record after it too."""

    def __init__(self) -> None:
        self._position: int | None = None

    @property
    def position(self) -> int | None:
        """Position in the batch; None while nothing is to be redelivered."""
        return self._position

    def hold_back(self, positions: Iterable[int]) -> None:
        """Move the checkpoint so that the records at these positions are redelivered."""
        self._position = min((*positions, *(() if self._position is None else (self._position,))), default=None)

    def includes(self, position: int) -> bool:
        """Return whether the record at a position will be redelivered."""
        return self._position is not None and self._position <= position


@dataclass(slots=True)
class DeliveryOutcome:
    """The outcomes of the events of a batch.

    Attributes
    ----------
    forwarded
        Events that the tracker accepted and the history has.
    refused
        Events that it refused, or that exceed its limits, each with the reason.
    unsent
        Events that are to be sent again.
    settled
        Number of events that an earlier delivery of their record has settled.
    held_back
        Number of the unsent events that wait since the tracker accepts nothing.
    calls, failed_calls
        Number of PutEvents requests.
    """

    forwarded: list[ReceivedEvent] = field(default_factory=list)
    refused: list[tuple[ReceivedEvent, Refusal]] = field(default_factory=list)
    unsent: list[ReceivedEvent] = field(default_factory=list)
    settled: int = 0
    held_back: int = 0
    calls: int = 0
    failed_calls: int = 0
    is_tracker_unknown: bool = False


@dataclass(slots=True)
class _User:
    """The calls of a user that remain to be made.

    Attributes
    ----------
    bisects
        Whether the first of them failed, and is now bisected.
    """

    calls: deque[Call]
    bisects: bool = False

    @property
    def events(self) -> list[ReceivedEvent]:
        return [received for call in self.calls for received in call]


def deliver(
    users: Sequence[Sequence[Call]],
    tracker: Tracker,
    history: History,
    control: Control,
    pool: Pool,
    calls_per_second: float,
) -> DeliveryOutcome:
    """Send the events of all users to the tracker and write those that it accepts to the history.

    Users with a purchase are served first. Where a call of a user fails, the user's later events are not sent, so that
    they stay in order; the other users continue. Accepted events are written to the history in chunks while others are
    sent, so that an invocation that ends at any moment has made progress.
    """
    return _Delivery(users, tracker, history, control, pool, 1 / calls_per_second).run()


class _Delivery:
    """Decides in one thread; the jobs of the pool only call AWS."""

    def __init__(
        self,
        users: Sequence[Sequence[Call]],
        tracker: Tracker,
        history: History,
        control: Control,
        pool: Pool,
        interval: float,
    ) -> None:
        self._tracker, self._history, self._control, self._pool = tracker, history, control, pool
        self._interval, self._next_call_at = interval, tracker.deadline.clock()
        self._ready = deque(_User(deque(calls)) for calls in sorted(users, key=_lacks_purchase))
        self._suspects: list[_User] = []  # whose call failed, perhaps for its content
        self._blocked: list[_User] = []  # who wait for the next delivery
        self._unwritten: list[ReceivedEvent] = []  # accepted, but not in the history
        self._throttled_in_a_row = 0
        self._is_control_unknown = False
        self._is_stopped = False
        self._total = DeliveryOutcome()

    def run(self) -> DeliveryOutcome:
        """Make the calls until all are made, the time is over, or the tracker or the history fails for all."""
        while True:
            self._start_calls()
            if self._pool.running:
                self._pool.finish_one()
            elif self._suspects and not self._is_stopped:
                self._examine()
            else:
                break
        while self._unwritten:
            self._write(min(len(self._unwritten), MAX_WRITES_PER_CALL))
        finish_all(self._pool)
        for user in (*self._suspects, *self._blocked, *self._ready):
            self._total.unsent += user.events
        return self._total

    def _start_calls(self) -> None:
        is_waiting_for_evidence = len(self._suspects) >= WORKERS and not self._is_control_unknown
        while self._ready and not self._is_stopped and not is_waiting_for_evidence and self._pool.running < WORKERS:
            if not self._wait_for_turn():
                self._is_stopped = True
                return
            user = self._ready.popleft()
            self._pool.start(partial(self._send, user, self._sent))

    def _wait_for_turn(self) -> bool:
        """Wait until the tracker's quota permits a call; return False where the deadline comes first."""
        deadline = self._tracker.deadline
        now = deadline.clock()
        self._next_call_at = max(now, self._next_call_at)
        if deadline.at - self._next_call_at <= CALL_SECONDS:
            return False
        if self._next_call_at > now:
            deadline.sleep(self._next_call_at - now)
        self._next_call_at += self._interval
        return True

    def _send(self, user: _User, then: Callable[[_User, CallOutcome], None]) -> Callable[[], None]:
        outcome = self._tracker.send(user.calls[0], bisects=user.bisects)
        return partial(then, user, outcome)

    def _sent(self, user: _User, outcome: CallOutcome) -> None:
        self._count(outcome.requests, outcome.failed_requests)
        self._total.refused += outcome.invalid
        self._total.refused += outcome.refused
        if outcome.forwarded:
            self._accept(outcome.forwarded)
        if outcome.error is None:
            user.calls.popleft()
            user.bisects = False
            if user.calls:
                self._ready.appendleft(user)
            return
        user.calls[0] = outcome.unsent
        if isinstance(outcome.error, TrackerUnknownError):
            self._total.is_tracker_unknown = self._is_stopped = True
        elif isinstance(outcome.error, ThrottledError):
            self._throttled_in_a_row += 1
            self._is_stopped |= self._throttled_in_a_row >= WORKERS
        elif not isinstance(outcome.error, OutOfTimeError) and not user.bisects:
            self._suspects.append(user)
            return
        self._blocked.append(user)

    def _count(self, requests: int, failed: int) -> None:
        self._total.calls += requests
        self._total.failed_calls += failed
        self._next_call_at += self._interval * (requests - 1)

    def _accept(self, forwarded: Sequence[ReceivedEvent]) -> None:
        self._throttled_in_a_row = 0
        self._unwritten += forwarded
        self._is_control_unknown = False
        if self._control.remember(forwarded[-1], self._history.tracking_id):
            self._pool.start(self._store_control)
        while len(self._unwritten) >= MAX_WRITES_PER_CALL:
            self._write(MAX_WRITES_PER_CALL)
        self._bisect_suspects()

    def _bisect_suspects(self) -> None:
        """Bisect the calls that failed, now that the tracker accepts another."""
        for user in self._suspects:
            user.bisects = True
        self._ready.extendleft(reversed(self._suspects))
        self._suspects = []

    def _examine(self) -> None:
        """Find out whether calls failed for their content, or whatever they held."""
        arguments = None if self._is_control_unknown else self._control.arguments(self._history)
        if arguments is not None:
            outcome = self._tracker.repeat(arguments)
            self._count(outcome.requests, outcome.failed_requests)
            if outcome.error is None:
                self._bisect_suspects()
            elif isinstance(outcome.error, OutOfTimeError | ThrottledError):
                self._is_stopped = True
            else:
                self._hold_back()
        elif self._ready and not self._is_control_unknown:
            self._is_control_unknown = True  # another user may be accepted
        else:
            self._is_control_unknown = True
            self._try_halves(max(self._suspects, key=lambda user: len(user.calls[0])))

    def _try_halves(self, user: _User) -> None:
        """Bisect one call without evidence that the tracker accepts anything; an accepted event is the evidence."""
        self._suspects.remove(user)
        user.bisects = True
        self._pool.start(partial(self._send, user, self._tried))

    def _tried(self, user: _User, outcome: CallOutcome) -> None:
        if outcome.forwarded:
            # What failed before another event was accepted may have met the end of an outage: it is sent once more.
            if outcome.refused:
                user.calls.insert(1, [received for received, _ in outcome.refused])
            self._sent(user, replace(outcome, refused=[]))
            return
        self._count(outcome.requests, outcome.failed_requests)
        self._total.refused += outcome.invalid
        invalid = {id(received) for received, _ in outcome.invalid}
        user.calls[0] = [received for received in user.calls[0] if id(received) not in invalid]
        self._suspects.append(user)
        self._hold_back()

    def _hold_back(self) -> None:
        self._is_stopped = True
        self._total.held_back = sum(len(user.events) for user in (*self._suspects, *self._ready))

    def _write(self, count: int) -> None:
        chunk, self._unwritten = self._unwritten[:count], self._unwritten[count:]
        self._pool.start(partial(self._write_chunk, chunk))

    def _write_chunk(self, chunk: list[ReceivedEvent]) -> Callable[[], None]:
        return partial(self._written, chunk, is_written=self._history.write(chunk))

    def _store_control(self) -> Callable[[], None]:
        self._control.store(self._history)
        return lambda: None

    def _written(self, chunk: list[ReceivedEvent], *, is_written: bool) -> None:
        if is_written:
            self._total.forwarded += chunk
        else:
            self._total.unsent += chunk
            self._is_stopped = True


def _lacks_purchase(calls: Sequence[Call]) -> bool:
    return all(received.event.event_type != MOST_VALUABLE for call in calls for received in call)
