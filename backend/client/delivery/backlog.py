"""The events that wait, bounded in number and bytes: in memory, and in the files of a spool behind those."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from backend.client.delivery.spool import Spool
    from backend.client.transports.interface import Entry


class Backlog:
    """A queue in order of sending; not safe to share between threads.

    Parameters
    ----------
    max_events, max_bytes
        Of the events in memory, those that are being delivered included.
    log
        Takes a level, a message and its values.
    """

    def __init__(self, max_events: int, max_bytes: int, spool: Spool | None, log: Callable[..., None]) -> None:
        self._log = log
        self._max_events, self._max_bytes = max_events, max_bytes
        self._queue: deque[Entry] = deque()
        self._bytes = 0
        # Those that could not be written when others waited in files: they are sent after these.
        self._behind: deque[Entry] = deque()
        self._held_events = self._held_bytes = 0
        self._numbers = 0
        self._spool = spool
        self._has_spool_failed = False
        if spool is not None:
            spool.number_recovered(0)
            self._numbers = spool.recovered

    @property
    def pending(self) -> int:
        """Events without an outcome."""
        return self._held_events + (self._spool.stored if self._spool else 0)

    @property
    def recovered(self) -> int:
        """Events that other processes left in the spool."""
        return self._spool.recovered if self._spool else 0

    @property
    def missing(self) -> int:
        """Events whose file in the spool others removed or altered."""
        return self._spool.missing if self._spool else 0

    @property
    def last_number(self) -> int:
        """Number of the last event; -1 where there was none."""
        return self._numbers - 1

    @property
    def is_waiting(self) -> bool:
        """Whether an event waits for its delivery."""
        return bool(self._queue) or (self._spool is not None and self._spool.has_stored)

    @property
    def oldest(self) -> Entry | None:
        """The first event of those in memory."""
        return self._queue[0] if self._queue else None

    @property
    def first_number(self) -> float:
        """Number of the first event that waits; infinite where none does."""
        if self._queue:
            return self._queue[0].number
        return self._spool.first_stored_number if self._spool and self._spool.has_stored else math.inf

    def append(self, entry: Entry, *, may_exceed: bool = False) -> bool:
        """Add an event; return False where there is no room for it and the bounds may not be exceeded."""
        size = len(entry.payload)
        is_full = self._held_events >= self._max_events or (
            self._held_events > 0 and self._held_bytes + size > self._max_bytes
        )
        entry.number = self._numbers
        if self._spool is not None:
            is_stored = is_full or self._spool.has_stored
            if (
                (not is_stored or self._store_behind(self._spool))
                and self._write(entry, self._spool, is_stored=is_stored)
                and is_stored
            ):
                self._numbers += 1
                return True
        if is_full and not may_exceed:
            return False
        self._numbers += 1
        self._hold(entry)
        if self._spool is not None and self._spool.has_stored:
            self._behind.append(entry)
        else:
            self._queue.append(entry)
            self._bytes += size
        return True

    def has_batch(self, max_events: int, max_bytes: int) -> bool:
        """Whether a whole batch waits."""
        return len(self._queue) >= max_events or self._bytes >= max_bytes or not self._queue

    def take(self, max_events: int, max_bytes: int) -> list[Entry]:
        """Remove the first events for a delivery; one that is not JSON is alone."""
        if not self._queue and self._spool is not None:
            self._load(self._spool)
        batch: list[Entry] = []
        size = 0
        queue = self._queue
        while queue and len(batch) < max_events:
            entry = queue[0]
            size += len(entry.payload) + 1
            if batch and (size > max_bytes or not entry.is_json):
                break
            batch.append(queue.popleft())
            self._bytes -= len(entry.payload)
            if not entry.is_json:
                break
        return batch

    def take_expired(self, queued_before: float) -> list[Entry]:
        """Remove the events that were queued before a time."""
        expired = []
        while self._queue and self._queue[0].queued_at < queued_before:
            expired.append(self._queue.popleft())
            self._bytes -= len(expired[-1].payload)
        return expired

    def take_unspooled(self) -> list[Entry]:
        """Remove the events that wait in memory only."""
        entries = [entry for entry in (*self._queue, *self._behind) if entry.segment is None]
        self._behind.clear()
        self._queue = deque(entry for entry in self._queue if entry.segment is not None)
        self._bytes = sum(len(entry.payload) for entry in self._queue)
        return entries

    def put_back(self, entries: Iterable[Entry]) -> None:
        """Return events that must be sent again, in order, before all others."""
        for entry in reversed(list(entries)):
            self._queue.appendleft(entry)
            self._bytes += len(entry.payload)

    def settle(self, entry: Entry) -> None:
        """Forget an event that was taken and has an outcome."""
        self._held_events -= 1
        self._held_bytes -= len(entry.payload)
        if entry.segment is not None and self._spool is not None:
            self._spool.settle(entry.segment)

    def close(self) -> None:
        """Release the spool's files, with the events in them."""
        if self._spool is not None:
            self._spool.close()

    def abandon(self) -> None:
        """Close the spool's files in a forked child."""
        if self._spool is not None:
            self._spool.abandon()

    def _hold(self, entry: Entry) -> None:
        self._held_events += 1
        self._held_bytes += len(entry.payload)

    def _load(self, spool: Spool) -> None:
        now = time.monotonic()
        while spool.has_stored and not self._queue:
            for entry in spool.load():
                entry.queued_at = now
                self._hold(entry)
                self._queue.append(entry)
        if not spool.has_stored:
            self._queue += self._behind
            self._behind.clear()
        self._bytes = sum(len(entry.payload) for entry in self._queue)

    def _store_behind(self, spool: Spool) -> bool:
        while self._behind and self._write(self._behind[0], spool, is_stored=True):
            entry = self._behind.popleft()
            self._held_events -= 1
            self._held_bytes -= len(entry.payload)
        return not self._behind

    def _write(self, entry: Entry, spool: Spool, *, is_stored: bool) -> bool:
        try:
            segment = spool.write(entry.payload, entry.number, is_stored=is_stored)
        except OSError as error:
            if not self._has_spool_failed:
                self._has_spool_failed = True
                self._log(
                    logging.ERROR,
                    "the spool cannot be written, so events wait in memory only: %s",
                    error.strerror or error,
                )
            return False
        self._has_spool_failed = False
        if not is_stored:
            entry.segment = segment
        return True
