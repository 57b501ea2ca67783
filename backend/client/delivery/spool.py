"""A folder of JSON lines that keeps events until they have an outcome, even where the process is killed.

```
<folder>/.lock                  held while a process takes over what others left
<folder>/<process>/lock         held by the process as long as it lives
<folder>/<process>/00000007.jsonl
```

A line is written before `send` returns, and passed to the system; it survives the process, not the machine. A file is
removed when all of its events have an outcome. Events that had one when the process was killed are sent again, which
their ids make harmless.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
from collections import deque
from typing import TYPE_CHECKING
from uuid import uuid4

from backend.client.encoding import read_stated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from backend.client.transports.interface import Entry

SEGMENT_EVENTS = 1000
SEGMENT_BYTES = 1024 * 1024

_LOCK = "lock"
_SUFFIX = ".jsonl"

_descriptors: set[int] = set()
"""Those of the locks: a forked child closes its copies, with which it would hold the parent's locks."""
_forking = threading.RLock()
"""Held by a fork, so that no descriptor is open and not yet among them."""


class Segment:
    """One file: its events, and how many of them have no outcome yet.

    Attributes
    ----------
    first_number
        Number of its first event, where its events wait in the file and not in memory.
    """

    def __init__(self, path: Path, *, is_stored: bool, first_number: int = 0, events: int = 0) -> None:
        self.path = path
        self.is_stored = is_stored
        self.first_number = first_number
        self.events = self.pending = events
        self.bytes = 0


class Spool:
    """The files of one process, not safe to share between threads.

    Parameters
    ----------
    folder
        Shared by the processes of an application on one machine; made for its owner only, if it does not exist.
    log
        Takes a level, a message and its values.

    Attributes
    ----------
    recovered
        Events that processes left which no longer live.
    missing
        Events whose file was removed or altered by others.
    """

    def __init__(self, folder: Path, log: Callable[..., None]) -> None:
        self._log = log
        self._root = folder
        self._own = folder / uuid4().hex
        self._names = 0
        self._current: Segment | None = None
        self._file: int | None = None
        self._stored: deque[Segment] = deque()
        self.missing = 0
        self._lock: int | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(folder / ".lock"):
            self._own.mkdir(mode=0o700)
            try:
                self._lock = _open(self._own / _LOCK)
                fcntl.flock(self._lock, fcntl.LOCK_EX)
                for path in sorted(folder.iterdir()):
                    if path.is_dir() and path != self._own:
                        self._try_to_take_over(path)
            except OSError:
                self.abandon()  # for another process, which may be able to
                raise
        self.recovered = sum(segment.pending for segment in self._stored)

    @property
    def has_stored(self) -> bool:
        """Whether events wait in files only."""
        return bool(self._stored)

    @property
    def first_stored_number(self) -> int:
        """Number of the first event that waits in a file only."""
        return self._stored[0].first_number

    @property
    def stored(self) -> int:
        """Events that wait in files only."""
        return sum(segment.pending for segment in self._stored)

    def number_recovered(self, first: int) -> None:
        """Give numbers to the events that other processes left."""
        for segment in self._stored:
            segment.first_number = first
            first += segment.pending

    def write(self, payload: bytes, number: int, *, is_stored: bool) -> Segment:
        """Append an event that waits in memory too, or in the file only.

        Raises
        ------
        OSError
            The event is not written, for instance since the disk is full.
        """
        file, segment = self._writable(number, is_stored=is_stored)
        line = payload + b"\n"
        written = os.write(file, line)
        if written != len(line):
            try:
                os.ftruncate(file, segment.bytes)
            except OSError:
                self._finish_current()  # nothing may follow the part of a line
                raise
            raise OSError(f"{written} of {len(line)} bytes could be written")
        segment.bytes += len(line)
        segment.events += 1
        segment.pending += 1
        return segment

    def load(self) -> list[Entry]:
        """Return the events of the first file that waits, with their numbers."""
        segment = self._stored.popleft()
        if segment is self._current:
            self._finish_current()
        segment.is_stored = False
        entries: list[Entry] = []
        if not segment.pending:
            return entries
        try:
            for line in _lines(segment.path):
                entry = read_stated(line)
                if entry is None:
                    continue
                if len(entries) == segment.pending:
                    self._log(logging.ERROR, "lines that others added to a file of the spool are not sent")
                    break
                entry.number, entry.segment = segment.first_number + len(entries), segment
                entries.append(entry)
        except OSError as error:
            self._log(logging.ERROR, "a file of the spool cannot be read: %s", error.strerror)
        self.missing += segment.pending - len(entries)
        segment.pending = len(entries)
        return entries

    def settle(self, segment: Segment) -> None:
        """Note that an event of a file has an outcome; remove a file without others."""
        segment.pending -= 1
        if segment.pending:
            return
        with self._removing():
            if segment is not self._current:
                segment.path.unlink(missing_ok=True)
            elif self._file is not None:
                os.ftruncate(self._file, 0)
                segment.bytes = segment.events = 0

    def close(self) -> None:
        """Let another process take over what is left, and remove the folder if nothing is."""
        self.abandon()
        with contextlib.suppress(OSError), _locked(self._root / ".lock"):
            if self._current is not None and not self._current.pending:
                self._current.path.unlink(missing_ok=True)
            if not any(self._own.glob(f"*{_SUFFIX}")):
                _remove(self._own)

    def abandon(self) -> None:
        """Close the files without a change to them, as a forked child does, whose parent keeps its own."""
        file, lock, self._file, self._lock = self._file, self._lock, None, None
        with self._removing():
            if file is not None:
                os.close(file)
        if lock is not None:
            _unlock(lock)

    def _writable(self, number: int, *, is_stored: bool) -> tuple[int, Segment]:
        current, file = self._current, self._file
        if (
            current is None
            or file is None
            or current.is_stored != is_stored
            or current.events >= SEGMENT_EVENTS
            or current.bytes >= SEGMENT_BYTES
        ):
            self._finish_current()
            return self._next(number, is_stored=is_stored)
        return file, current

    def _next(self, number: int, *, is_stored: bool) -> tuple[int, Segment]:
        path = self._next_path()
        file = self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._current = Segment(path, is_stored=is_stored, first_number=number)
        if is_stored:
            self._stored.append(self._current)
        return file, self._current

    def _next_path(self) -> Path:
        self._names += 1
        return self._own / f"{self._names:08d}{_SUFFIX}"

    def _finish_current(self) -> None:
        current, self._current = self._current, None
        file, self._file = self._file, None
        with self._removing():
            if file is not None:
                os.close(file)
            if current is not None and not current.pending:
                current.path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _removing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = "a file of the spool cannot be removed, so its events may be sent again: %s"
            self._log(logging.ERROR, message, error.strerror or error)

    def _try_to_take_over(self, folder: Path) -> None:
        try:
            self._take_over(folder)
        except OSError as error:
            message = "a folder in the spool cannot be taken over, so what it holds stays there: %s"
            self._log(logging.ERROR, message, error.strerror or error)

    def _take_over(self, folder: Path) -> None:
        """Move the files of a process that no longer lives into the own folder."""
        with contextlib.suppress(BlockingIOError), _locked(folder / _LOCK, is_waiting=False):
            for path in sorted(folder.glob(f"*{_SUFFIX}")):
                events = sum(read_stated(line) is not None for line in _lines(path))
                lines = sum(1 for _ in _lines(path))
                if lines != events:
                    self._log(logging.ERROR, "%d lines of the spool's %s are no events", lines - events, path.name)
                if not events:
                    path.unlink()
                    continue
                own = self._next_path()
                path.rename(own)
                self._stored.append(Segment(own, is_stored=True, events=events))
            _remove(folder)


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the whole lines of a file: `send` did not return for an event whose line was cut."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1]


def _remove(folder: Path) -> None:
    (folder / _LOCK).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # another process has put a file there
        folder.rmdir()


def _open(path: Path) -> int:
    with _forking:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        _descriptors.add(descriptor)
    return descriptor


def _unlock(descriptor: int) -> None:
    with _forking:
        if descriptor in _descriptors:
            _descriptors.remove(descriptor)
            os.close(descriptor)


@contextlib.contextmanager
def _locked(path: Path, *, is_waiting: bool = True) -> Iterator[None]:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if is_waiting else fcntl.LOCK_NB))
        yield
    finally:
        _unlock(descriptor)


def _after_fork() -> None:
    for descriptor in list(_descriptors):
        _unlock(descriptor)
    _forking.release()


os.register_at_fork(before=_forking.acquire, after_in_parent=_forking.release, after_in_child=_after_fork)
