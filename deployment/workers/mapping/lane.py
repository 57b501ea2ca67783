"""One lane of a shard: batches in order, each until it is done with."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import deque
from typing import TYPE_CHECKING

from deployment.workers.mapping.batch import cut, seconds_to_wait, write_event
from deployment.workers.mapping.destination import give_up
from deployment.workers.mapping.discard import RETRIES_EXHAUSTED, TOO_OLD, Invocation
from deployment.workers.mapping.invoke import NotReached, invoke
from deployment.workers.mapping.verdict import Work, after_failure, first_failed, part_expired
from deployment.workers.shards import pauses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from deployment.workers.cloud import Cloud
    from deployment.workers.mapping.batch import Entry
    from deployment.workers.mapping.settings import Mapping

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
"""AWS backs off between retries and does not say how far; this is short enough to watch."""


class Lane:
    """Takes records, forms batches and sees each through: invoked, retried, split, given up.

    Parameters
    ----------
    cloud
        The clients.
    mapping, shard_id
        What it works for.
    stop
        Set when it has to end after the invocation in flight.
    finish
        Called with sequence numbers that are done with.
    """

    def __init__(
        self,
        cloud: Cloud,
        mapping: Mapping,
        shard_id: str,
        stop: threading.Event,
        finish: Callable[[Iterable[str]], None],
    ) -> None:
        self._cloud = cloud
        self._mapping = mapping
        self._shard_id = shard_id
        self._stop = stop
        self._finish = finish
        self._changed = threading.Condition()
        self._waiting: deque[Entry] = deque()
        self._waiting_bytes = 0
        self._waiting_since = 0.0
        self.thread = threading.Thread(target=self._run, daemon=True, name=f"lane-{shard_id}")

    @property
    def waiting_bytes(self) -> int:
        """How many bytes wait for their batch."""
        return self._waiting_bytes

    def put(self, entries: Iterable[Entry]) -> None:
        """Add records that were read.

        Parameters
        ----------
        entries
            The records, in the shard's order.
        """
        with self._changed:
            if not self._waiting:
                self._waiting_since = time.monotonic()
            for entry in entries:
                self._waiting.append(entry)
                self._waiting_bytes += len(entry.written)
            self._changed.notify()

    def wake(self) -> None:
        """Let a lane that waits notice that it is to stop."""
        with self._changed:
            self._changed.notify()

    def _run(self) -> None:
        while (batch := self._next_batch()) is not None:
            self._see_through(Work(batch))

    def _next_batch(self) -> tuple[Entry, ...] | None:
        size, window = self._mapping.batch_size, self._mapping.window_seconds
        with self._changed:
            while not self._stop.is_set():
                if not self._waiting:
                    self._changed.wait()
                    continue
                waited = time.monotonic() - self._waiting_since
                due = seconds_to_wait(len(self._waiting), self._waiting_bytes, waited, size, window)
                if due > 0:
                    self._changed.wait(due)
                    continue
                count = cut((len(entry.written) for entry in self._waiting), size)
                batch = tuple(self._waiting.popleft() for _ in range(count))
                self._waiting_bytes -= sum(len(entry.written) for entry in batch)
                self._waiting_since = time.monotonic()
                return batch
        return None

    def _see_through(self, batch: Work) -> None:
        todo = deque([batch])
        last = Invocation(str(uuid.uuid4()))
        between = pauses(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        while todo and not self._stop.is_set():
            old, work = part_expired(todo.popleft(), time.time(), self._mapping.maximum_age_seconds)
            if old is not None:
                self._give_up(old, TOO_OLD, last)
            if work is None:
                continue
            answer = invoke(self._cloud, self._mapping.function_arn, write_event(work.entries), last)
            if isinstance(answer, NotReached):
                log.warning("function_not_reached", extra={**self._about(work), "reason": answer.reason})
                todo.appendleft(work)
                self._stop.wait(next(between))
                continue
            last = answer.invocation
            sequences = [entry.record.sequence for entry in work.entries]
            failed = first_failed(answer.payload, last.function_error, sequences, self._mapping.report_failures)
            self._finish(sequences[:failed])
            if failed == len(sequences):
                between = pauses(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
                continue
            log.warning("batch_failed", extra={**self._about(work), "failed": len(sequences) - failed})
            step = after_failure(work, failed, self._mapping)
            todo.extendleft(reversed(step.next))
            if step.discarded is not None:
                self._give_up(step.discarded, RETRIES_EXHAUSTED, last)
            if step.again:
                self._stop.wait(next(between))

    def _give_up(self, work: Work, condition: str, last: Invocation) -> None:
        event = write_event(work.entries)
        between = pauses(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        while not self._stop.is_set():
            if give_up(self._cloud, self._mapping, self._shard_id, work, condition, last, event):
                self._finish(entry.record.sequence for entry in work.entries)
                return
            self._stop.wait(next(between))

    def _about(self, work: Work) -> dict[str, object]:
        return {
            "mapping": self._mapping.uuid,
            "shard": self._shard_id,
            "records": len(work.entries),
            "retries": work.retries,
        }
