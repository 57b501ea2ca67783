"""Events from `send` to their outcome: one thread, or the caller, delivers them in order.

All state is guarded by one re-entrant lock, which is never held during a request, a callback or logging: a signal
handler may use the client, and no caller waits for the network. A forked child begins with an empty outbox; the
parent's events stay the parent's.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.client.counts import Counts, RefusedEvent
from backend.client.delivery import pauses
from backend.client.delivery.attempt import deliver
from backend.client.delivery.backlog import Backlog
from backend.client.delivery.lifetime import register, unregister
from backend.client.delivery.pauses import Pauses
from backend.client.errors import ClientClosedError
from backend.contract.refusal import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from backend.client.clock import Clock
    from backend.client.delivery.attempt import Delivery
    from backend.client.transports.interface import Entry, Problem, Transport, Verdict

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Policy:
    """How many events wait, for how long, and what happens to others; see `Client`."""

    max_events: int
    max_bytes: int
    linger: float
    deadline: float | None
    drops_when_full: bool
    has_thread: bool
    spool: Path | None
    on_refused: Callable[[RefusedEvent], None] | None
    on_lost: Callable[[bytes], None] | None


class Outbox:
    """Holds events until they are delivered, refused or lost, and counts the outcomes."""

    def __init__(self, transport: Transport, policy: Policy, clock: Clock) -> None:
        self._transport, self._policy, self._clock = transport, policy, clock
        self._is_closed = self._is_finished = self._is_retired = False
        self._backlog: Backlog | None = None
        if policy.spool is not None:
            policy.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(policy.spool, os.R_OK | os.W_OK | os.X_OK):
                raise PermissionError(f"the spool {policy.spool} cannot be written by this user")
        self._begin()
        register(self)

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._work, self._room, self._progress = (threading.Condition(self._lock) for _ in range(3))
        self._delivering = threading.Lock()
        self._deliverer: int | None = None
        self._thread: threading.Thread | None = None
        self._can_start_threads = self._policy.has_thread
        # The spool is opened by the first event of a process, so that a parent that only forks takes nothing over.
        self._backlog = None
        self._taken: list[Entry] = []
        self._reporting: set[int] = set()
        self._numbers: Counter[str] = Counter()
        self._messages: deque[tuple[object, ...]] = deque()
        self._flushed_up_to = -1
        self._pauses = Pauses()
        self._resume_at = 0.0
        self._problem: Problem | None = None
        self._permanent_failures = 0
        self._failed_at = 0.0
        self._is_dropping = self._is_released = False
        self._logged_reasons: set[str] = set()

    def reset(self) -> None:
        """Begin empty in a forked child."""
        if self._backlog is not None:
            self._backlog.abandon()
        self._transport.close()
        self._begin()

    def put(self, entry: Entry) -> bool:
        """Add an event; return False where it is dropped, or wait for room.

        Raises
        ------
        ClientClosedError
            The client is closed, also while this call waits.
        """
        self._check_process()
        try:
            is_taken = self._try_to_put(entry, is_first_attempt=True)
            while is_taken is None:
                self._deliver_or_pause(None)
                is_taken = self._try_to_put(entry, is_first_attempt=False)
            return is_taken
        finally:
            self._log_messages()

    def _try_to_put(self, entry: Entry, *, is_first_attempt: bool) -> bool | None:
        """Add an event, waiting for the thread to make room; return None where there is no thread to do so."""
        with self._lock:
            if is_first_attempt:
                self._check_open()
                self._numbers["sent"] += 1
            while not self._is_closed:
                backlog = self._open_backlog()
                entry.queued_at = time.monotonic()
                was_waiting = backlog.is_waiting
                if backlog.append(entry, may_exceed=self._is_delivering() and not self._policy.drops_when_full):
                    self._is_dropping = False
                    self._wake(was_waiting=was_waiting)
                    return True
                if self._policy.drops_when_full:
                    self._drop()
                    return False
                if not self._is_threaded():
                    return None
                self._room.wait()
            self._numbers["lost"] += 1
            raise ClientClosedError

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClientClosedError

    def _drop(self) -> None:
        self._numbers["dropped"] += 1
        if not self._is_dropping:
            self._is_dropping = True
            self._note(logging.WARNING, "the queue is full (%d events): events are dropped", self._policy.max_events)

    def count_settled(self, *, refused: int = 0, suppressed: int = 0) -> None:
        """Count an event that has its outcome without a delivery."""
        self._check_process()
        with self._lock:
            self._check_open()
            self._numbers.update(sent=refused + suppressed, refused=refused, suppressed=suppressed)

    def counts(self) -> Counts:
        """Return the numbers of events of this process."""
        self._check_process()
        with self._lock:
            backlog, numbers = self._backlog, self._numbers.copy()
            if backlog is not None:
                numbers.update(sent=backlog.recovered, lost=backlog.missing, pending=backlog.pending)
            return Counts(**numbers, problem=self._problem.message if self._problem else None)

    def flush(self, timeout: float) -> Counts:
        """Deliver the events that were sent before; return at the latest after so many seconds.

        Where only a change of the key, the address or the rights can help, return after one attempt.
        """
        self._check_process()
        deadline = time.monotonic() + timeout
        with self._lock:
            if self._is_finished:
                return self.counts()
            backlog = self._open_backlog()
            target = self._flushed_up_to = max(self._flushed_up_to, backlog.last_number)
            failures = self._permanent_failures
            if self._problem is not None and self._problem.is_permanent:
                self._resume_at = min(self._resume_at, self._failed_at + pauses.FLUSHED_HOLD_SECONDS)
            if self._is_threaded():
                self._work.notify()
                while self._must_wait(target, failures):
                    if not self._progress.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                        break
                return self.counts()
        while self._must_wait(target, failures) and time.monotonic() < deadline:
            self._deliver_or_pause(deadline)
        self._log_messages()
        return self.counts()

    def _must_wait(self, target: float, failures: int) -> bool:
        """Return whether events up to a number are pending, and no attempt has failed permanently since so many did."""
        is_pending = self._first_pending() <= target and not self._is_delivering()
        return is_pending and self._permanent_failures == failures

    def close(self, timeout: float) -> Counts:
        """Take no more events, deliver those that wait, and count the others as lost; those in a spool stay there."""
        self._check_process()
        deadline = time.monotonic() + timeout
        with self._lock:
            is_first = not self._is_closed
            self._is_closed = True
            self._work.notify_all()
            self._room.notify_all()
        if is_first:
            if self._backlog is not None or self._policy.spool is not None:
                self.flush(timeout)
                self._abandon_rest()
            self._is_finished = True
            unregister(self)
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
        if thread is None or not thread.is_alive():
            self._transport.close()
        return self.counts()

    def retire(self) -> None:
        """Deliver what waits and then finish, since no caller is left; does not wait for it.

        Without a thread what waits is delivered at the exit of the process.
        """
        self._check_process()
        with self._lock:
            if self._is_finished:
                return
            self._is_retired = True
            self._work.notify_all()
            is_threaded = self._thread is not None and self._thread.is_alive()
            if is_threaded or (self._backlog is not None and self._backlog.pending):
                return
            self._is_closed = self._is_finished = True
            if self._backlog is not None:
                self._release(self._backlog)
            unregister(self)
        self._transport.close()

    def _check_process(self) -> None:
        # A belt: some servers fork without Python's knowledge.
        if self._process != os.getpid():
            self.reset()

    def _open_backlog(self) -> Backlog:
        if self._backlog is None:
            spool = None
            if self._policy.spool is not None:
                from backend.client.delivery.spool import Spool  # noqa: PLC0415 - locks of files exist on POSIX only

                try:
                    spool = Spool(self._policy.spool, self._note)
                except OSError as error:
                    message = "the spool cannot be opened, so events wait in memory only: %s"
                    self._note(logging.ERROR, message, error.strerror or error)
            self._backlog = Backlog(self._policy.max_events, self._policy.max_bytes, spool, self._note)
        return self._backlog

    def _wake(self, *, was_waiting: bool) -> None:
        if not self._is_threaded():
            return
        backlog = self._open_backlog()
        if not was_waiting or backlog.has_batch(self._transport.batch_events, self._transport.batch_bytes):
            self._work.notify()

    def _is_delivering(self) -> bool:
        """Return whether the caller is within a delivery, as a callback is, so that it must not wait for one."""
        return self._deliverer == threading.get_ident()

    def _is_threaded(self) -> bool:
        """Return whether a thread delivers, and start it if it does not run yet."""
        if not self._can_start_threads:
            return False
        if self._thread is None or not self._thread.is_alive():
            thread = threading.Thread(target=self._run, name="rivulet-producer", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # At the exit of the interpreter, or at the system's limit: the callers deliver.
                self._can_start_threads = False
                return False
            self._thread = thread
        return True

    def _run(self) -> None:
        process = self._process
        while self._wait_for_work() and process == os.getpid():
            self._deliver_once(None)
        if self._is_retired and process == os.getpid():
            self.close(0.0)
        self._transport.close()

    def _wait_for_work(self) -> bool:
        with self._lock:
            while True:
                is_last = self._is_closed or self._is_retired
                if self._is_finished or (is_last and not self._open_backlog().is_waiting):
                    return False
                seconds = self._seconds_until_due()
                if seconds is not None and seconds <= 0:
                    return True
                self._work.wait(seconds)

    def _seconds_until_due(self) -> float | None:
        """Return the seconds until a batch is to be sent or an event expires; None where none waits."""
        backlog = self._open_backlog()
        if not backlog.is_waiting:
            return None
        now, oldest = time.monotonic(), backlog.oldest
        due = 0.0
        if (
            oldest is not None
            and oldest.number > self._flushed_up_to
            and not backlog.has_batch(self._transport.batch_events, self._transport.batch_bytes)
            and not self._is_closed
        ):
            due = oldest.queued_at + self._policy.linger
        due = max(due, self._resume_at)
        if oldest is not None and self._policy.deadline is not None:
            due = min(due, oldest.queued_at + self._policy.deadline)
        return due - now

    def _deliver_or_pause(self, deadline: float | None) -> None:
        """Deliver a batch in the caller's thread, or wait until one may be sent."""
        now = time.monotonic()
        with self._lock:
            pause = self._resume_at - now
            if pause > 0:
                self._progress.wait(pause if deadline is None else max(0.0, min(pause, deadline - now)))
        if self._resume_at <= time.monotonic():
            self._deliver_once(None if deadline is None else max(0.0, deadline - time.monotonic()))

    def _deliver_once(self, seconds: float | None) -> None:
        if not self._delivering.acquire(timeout=-1 if seconds is None else seconds):
            return
        self._deliverer = threading.get_ident()
        try:
            batch = self._take()
            self._log_messages()
            if batch:
                try:
                    delivery = deliver(self._transport, batch, seconds)
                except BaseException:
                    self._return(batch)  # such as the exception of a signal handler: they are sent again
                    raise
                self._finish(batch, delivery)
        finally:
            self._deliverer = None
            self._delivering.release()

    def _take(self) -> list[Entry]:
        policy, now = self._policy, time.monotonic()
        with self._lock:
            backlog = self._open_backlog()
            expired = [] if policy.deadline is None else backlog.take_expired(now - policy.deadline)
            self._reporting.update(entry.number for entry in expired)
        self._lose(expired, "were not confirmed within the deadline")
        with self._lock:
            batch = []
            if now >= self._resume_at and not self._is_finished:
                batch = backlog.take(self._transport.batch_events, self._transport.batch_bytes)
            self._taken = batch
        return batch

    def _return(self, batch: Sequence[Entry]) -> None:
        with self._lock:
            if self._taken is batch:
                self._open_backlog().put_back(batch)
                self._taken = []

    def _finish(self, batch: list[Entry], delivery: Delivery) -> None:
        if delivery.clock_offset is not None:
            self._clock.correct(delivery.clock_offset)
        with self._lock:
            if self._taken is not batch:
                return  # the client was closed, and counted them as lost
            self._taken = []
            settled, again = [], list(delivery.unsettled)
            for entry, verdict in delivery.settled:
                if verdict.status == "refused" and self._clock.stamp_again(entry, verdict.reason):
                    again.append(entry)
                else:
                    settled.append((entry, verdict))
            self._open_backlog().put_back(sorted(again, key=lambda entry: entry.number))
            self._reporting.update(entry.number for entry, _ in settled)
            self._numbers.update(requests=delivery.requests, retries=int(bool(again)))
            self._plan(delivery)
        self._log_messages()
        try:
            self._report_refused(settled)
        finally:
            with self._lock:
                self._numbers.update(verdict.status for _, verdict in settled)
                self._forget([entry for entry, _ in settled])
            self._log_messages()

    def _plan(self, delivery: Delivery) -> None:
        """Plan the next attempt, and log a problem once, until there is another or none."""
        problem = delivery.problem
        if problem is None:
            if self._problem is not None:
                self._note(logging.INFO, "events are delivered again")
            self._problem, self._resume_at = None, 0.0
            self._pauses.reset()
            return
        if delivery.settled:
            self._pauses.reset()
        self._permanent_failures += problem.is_permanent
        self._failed_at = time.monotonic()
        pause = self._pauses.next_seconds(delivery.retry_after, is_permanent=problem.is_permanent)
        self._resume_at = self._failed_at + pause
        if self._problem is None or problem.message != self._problem.message:
            level = logging.ERROR if problem.is_permanent else logging.WARNING
            self._note(level, "%s; %d events wait", problem.message, self._open_backlog().pending)
        self._problem = problem

    def _report_refused(self, settled: Sequence[tuple[Entry, Verdict]]) -> None:
        for entry, verdict in settled:
            if verdict.status == "refused":
                reason = verdict.reason or "unknown"
                self.log_refusal(reason)
                event = RefusedEvent(entry.payload, verdict.event_id or entry.event_id, reason, verdict.errors)
                self.report(self._policy.on_refused, event, "on_refused")

    def log_refusal(self, reason: str) -> None:
        """Log the first refusal for each reason, where the application does not take them."""
        if reason not in REASONS:
            reason = "a reason that is not the contract's"  # a server's own text may repeat the event
        if self._policy.on_refused is None and reason not in self._logged_reasons:
            self._logged_reasons.add(reason)
            _logger.warning("an event was refused: %s; others for this reason are counted only", reason)

    def report(self, callback: Callable[..., None] | None, value: object, name: str) -> None:
        """Call a callback of the application; its error is logged by its type, since its text may hold the event."""
        if callback is None:
            return
        try:
            callback(value)
        except BaseException as error:  # an application's error must not stop the deliveries
            _logger.error("%s raised %s", name, type(error).__name__)  # noqa: TRY400 - no traceback, for its values
            if not isinstance(error, Exception) and threading.current_thread() is not self._thread:
                raise  # the exit of the caller's thread

    def _lose(self, entries: Sequence[Entry], why: str) -> None:
        if not entries:
            return
        try:
            for entry in entries:
                self.report(self._policy.on_lost, entry.payload, "on_lost")
        finally:
            problem = f" ({self._problem.message})" if self._problem else ""
            _logger.error("%d events %s%s", len(entries), why, problem)
            with self._lock:
                self._numbers["lost"] += len(entries)
                self._forget(entries)

    def _forget(self, entries: Sequence[Entry]) -> None:
        backlog = self._open_backlog()
        for entry in entries:
            backlog.settle(entry)
        self._reporting.difference_update(entry.number for entry in entries)
        self._release(backlog)
        self._room.notify_all()
        self._progress.notify_all()

    def _abandon_rest(self) -> None:
        with self._lock:
            backlog = self._open_backlog()
            if self._taken:
                backlog.put_back(self._taken)
                self._taken = []
            lost = backlog.take_unspooled()
            self._reporting.update(entry.number for entry in lost)
        self._lose(lost, "were not confirmed before the client was closed")
        with self._lock:
            self._is_finished = True
            self._release(backlog)
            self._work.notify_all()
            self._progress.notify_all()
        self._log_messages()

    def _release(self, backlog: Backlog) -> None:
        """Leave the spool's events to the next process, once the client is closed and no outcome is being reported."""
        if self._is_finished and not self._reporting and not self._is_released:
            self._is_released = True
            backlog.close()
            if backlog.pending:
                self._note(logging.WARNING, "%d events stay in the spool for the next process", backlog.pending)

    def _first_pending(self) -> float:
        with self._lock:
            taken = self._taken[0].number if self._taken else float("inf")
            reported = min(self._reporting, default=float("inf"))
            return min(taken, reported, self._open_backlog().first_number)

    def _note(self, level: int, message: str, *values: object) -> None:
        """Keep a message until the lock is released: a handler of the log may itself send events."""
        self._messages.append((level, message, *values))

    def _log_messages(self) -> None:
        while self._messages:
            level, message, *values = self._messages.popleft()
            _logger.log(level, message, *values)  # type: ignore[arg-type]
