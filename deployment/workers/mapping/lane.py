"""A lane of a shard: processes batches in order, each until it is finished."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import deque
from typing import TYPE_CHECKING

from deployment.workers.mapping.batch import count_in_batch, remaining_window, write_event
from deployment.workers.mapping.destination import report_discarded
from deployment.workers.mapping.discarded import RETRIES_EXHAUSTED, TOO_OLD, Invocation
from deployment.workers.mapping.invoke import NotInvoked, invoke
from deployment.workers.mapping.retries import Batch, after_failure, first_failed_index, split_expired
from deployment.workers.shards import backoff_delays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from deployment.workers.clients import Clients
    from deployment.workers.mapping.batch import Entry
    from deployment.workers.mapping.settings import Mapping

log = logging.getLogger(__name__)

FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 10.0
"""AWS does not document its backoff between retries; these are short enough to watch."""


class Lane:
    """Forms batches of records, and invokes, retries, splits or discards each.

    Parameters
    ----------
    stop
        Set when the lane has to end after the invocation in flight.
    finish
        Called with the sequence numbers of finished records.
    """

    def __init__(
        self,
        clients: Clients,
        mapping: Mapping,
        shard_id: str,
        stop: threading.Event,
        finish: Callable[[Iterable[str]], None],
    ) -> None:
        self._clients = clients
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
        """The bytes of the records that wait for their batch."""
        return self._waiting_bytes

    def put(self, entries: Iterable[Entry]) -> None:
        """Add records, in the shard's order."""
        with self._changed:
            if not self._waiting:
                self._waiting_since = time.monotonic()
            for entry in entries:
                self._waiting.append(entry)
                self._waiting_bytes += len(entry.written)
            self._changed.notify()

    def wake(self) -> None:
        """Wake a waiting lane, so that it checks whether it has to stop."""
        with self._changed:
            self._changed.notify()

    def _run(self) -> None:
        while (entries := self._next_batch()) is not None:
            self._process(Batch(entries))

    def _next_batch(self) -> tuple[Entry, ...] | None:
        size, window = self._mapping.batch_size, self._mapping.window_seconds
        with self._changed:
            while not self._stop.is_set():
                if not self._waiting:
                    self._changed.wait()
                    continue
                waited = time.monotonic() - self._waiting_since
                due = remaining_window(len(self._waiting), self._waiting_bytes, waited, size, window)
                if due > 0:
                    self._changed.wait(due)
                    continue
                count = count_in_batch((len(entry.written) for entry in self._waiting), size)
                batch = tuple(self._waiting.popleft() for _ in range(count))
                self._waiting_bytes -= sum(len(entry.written) for entry in batch)
                self._waiting_since = time.monotonic()
                return batch
        return None

    def _process(self, whole: Batch) -> None:
        todo = deque([whole])
        last = Invocation(str(uuid.uuid4()))
        delays = backoff_delays(FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS)
        while todo and not self._stop.is_set():
            old, batch = split_expired(todo.popleft(), time.time(), self._mapping.maximum_age_seconds)
            if old is not None:
                self._discard(old, TOO_OLD, last)
            if batch is None:
                continue
            answer = invoke(self._clients, self._mapping.function_arn, write_event(batch.entries), last)
            if isinstance(answer, NotInvoked):
                log.warning("function_not_reached", extra={**self._log_fields(batch), "reason": answer.reason})
                todo.appendleft(batch)
                self._stop.wait(next(delays))
                continue
            last = answer.invocation
            sequences = [entry.record.sequence for entry in batch.entries]
            failed = first_failed_index(answer.payload, last.function_error, sequences, self._mapping.report_failures)
            self._finish(sequences[:failed])
            if failed == len(sequences):
                delays = backoff_delays(FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS)
                continue
            log.warning("batch_failed", extra={**self._log_fields(batch), "failed": len(sequences) - failed})
            step = after_failure(batch, failed, self._mapping)
            todo.extendleft(reversed(step.next))
            if step.discarded is not None:
                self._discard(step.discarded, RETRIES_EXHAUSTED, last)
            if step.is_retry:
                self._stop.wait(next(delays))

    def _discard(self, batch: Batch, condition: str, last: Invocation) -> None:
        event = write_event(batch.entries)
        delays = backoff_delays(FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS)
        while not self._stop.is_set():
            if report_discarded(self._clients, self._mapping, self._shard_id, batch, condition, last, event):
                self._finish(entry.record.sequence for entry in batch.entries)
                return
            self._stop.wait(next(delays))

    def _log_fields(self, batch: Batch) -> dict[str, object]:
        return {
            "mapping": self._mapping.uuid,
            "shard": self._shard_id,
            "records": len(batch.entries),
            "retries": batch.retries,
        }
