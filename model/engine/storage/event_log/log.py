"""The event log on disk: appends records durably, and replays them when the engine starts.

Each group commit is one frame, and the next frame starts only after the disk has confirmed it. So a crash can tear
only the last frame of the last segment, whose records were not acknowledged: it is cut off. A frame that is broken
elsewhere means a damaged disk, and the engine refuses to start rather than lose events.

Segments may be rewritten to erase users (see `erasure`). The rewritten segments replace those with the same names
once all are ready: renaming their directory is atomic, and a replacement that a crash interrupts is finished when the
log is opened again.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.engine.personalize.errors import DirectoryInUseError
from model.engine.storage.event_log.frames import MAGIC, encode_frame, is_damaged, read_records
from model.engine.storage.event_log.segments import (
    create_segment,
    finish_replacement,
    list_segments,
    segment_number,
    segment_path,
    start_replacement,
    write_all,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SEGMENT_BYTES = 64 * 1024 * 1024

Position = tuple[int, int]  # a segment's number and a byte in it


@dataclass(frozen=True)
class _Entry:
    records: list[bytes]
    on_written: Callable[[bool], None] | None
    done: asyncio.Future[None]


class EventLog:
    """An append-only log; `replay` must be consumed once before the first `append`.

    Attributes
    ----------
    cut_bytes : int
        Size of the torn frame that `replay` cut off.
    applied : Position
        The end of the records whose `on_written` callbacks have run: memory holds exactly these.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._file = -1
        self._size = 0
        self._number = 0
        self._waiting: list[_Entry] = []
        self._flushing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="event-log")
        self.cut_bytes = 0
        self.applied: Position = (0, 0)

    def reaches(self, position: Position) -> bool:
        """Return whether the log holds everything up to a position."""
        path = segment_path(self._directory, position[0])
        return path.exists() and path.stat().st_size >= position[1]

    def bytes_since(self, position: Position) -> int:
        """Return approximately how many bytes have been written since a position."""
        return (self.applied[0] - position[0]) * SEGMENT_BYTES + self.applied[1] - position[1]

    def replay(self, start: Position = (0, 0)) -> Iterator[bytes]:
        """Yield the records from a position on, oldest first; then cut off a torn frame and open the log for appending.

        Raises
        ------
        DirectoryInUseError
            A crash cannot explain a damaged frame.
        """
        finish_replacement(self._directory)
        segments = [path for path in list_segments(self._directory) if segment_number(path) >= start[0]]
        for place, segment in enumerate(segments):
            content = segment.read_bytes()
            end = yield from read_records(content, start[1] if segment_number(segment) == start[0] else 0)
            if end < len(content):
                if place < len(segments) - 1 or is_damaged(content, end):
                    raise DirectoryInUseError(f"{segment} is damaged at byte {end}: restore it from a copy")
                self.cut_bytes = len(content) - end
                os.truncate(segment, end)
        self._number = segment_number(segments[-1]) if segments else 0
        if segments and segments[-1].stat().st_size >= len(MAGIC):
            self._file = os.open(segments[-1], os.O_WRONLY | os.O_APPEND)
            self._size = segments[-1].stat().st_size
        else:
            self._start_segment()
        self.applied = (self._number, self._size)

    async def append(self, records: list[bytes], on_written: Callable[[bool], None] | None = None) -> None:
        """Append records and return once they are durable.

        Parameters
        ----------
        on_written : callable, optional
            Called with whether the records are durable, in the order of the log and also after the caller was
            cancelled, so that memory always holds what the log holds up to some position.

        Raises
        ------
        OSError
            The disk refused the records; the log is unchanged.
        """
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Entry(records, on_written, done))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        await done

    async def segments(self, *, closed: bool = False) -> list[Path]:
        """Return the segments, oldest first; the last one may be growing.

        Parameters
        ----------
        closed : bool
            Start a new segment and leave it out, so that the returned segments no longer change.
        """
        if closed:
            start = await asyncio.get_running_loop().run_in_executor(self._thread, self._end_segment)
            self.applied = max(self.applied, start)
        segments = list_segments(self._directory)
        return segments[:-1] if closed else segments

    async def replace_segments(self, rewritten: Path) -> None:
        """Replace segments by rewritten ones with the same names.

        Parameters
        ----------
        rewritten : Path
            Directory on the same disk with durable files; it no longer exists afterwards.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._replace_segments, rewritten)

    async def close(self) -> None:
        """Finish the writes in progress and close the log."""
        while self._flushing is not None:
            await asyncio.wait([self._flushing])
        self._thread.shutdown()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            # All records that arrived during the last write share one frame and one fsync.
            batch, self._waiting = self._waiting, []
            try:
                records = [record for entry in batch for record in entry.records]
                end = await loop.run_in_executor(self._thread, self._write, records)
            except OSError as error:
                _finish(batch, error)
            else:
                _finish(batch, None)
                self.applied = max(self.applied, end)
        self._flushing = None

    def _write(self, records: list[bytes]) -> Position:
        if self._size >= SEGMENT_BYTES:
            self._end_segment()
        if not records:
            return self._number, self._size  # the callers wait only for earlier records
        frame = encode_frame(records)
        try:
            write_all(self._file, frame)
            os.fdatasync(self._file)
        except OSError:
            # A frame that is partly written, or perhaps not durable, must not be replayed after a restart.
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(frame)
        return self._number, self._size

    def _end_segment(self) -> Position:
        os.close(self._file)
        self._start_segment()
        return self._number, self._size

    def _start_segment(self) -> None:
        self._number += 1
        self._file = create_segment(segment_path(self._directory, self._number))
        self._size = len(MAGIC)

    def _replace_segments(self, rewritten: Path) -> None:
        finish_replacement(self._directory)
        start_replacement(self._directory, rewritten)
        finish_replacement(self._directory)


def _finish(batch: list[_Entry], error: OSError | None) -> None:
    for entry in batch:
        failure: Exception | None = error
        try:
            if entry.on_written is not None:
                entry.on_written(error is None)
        except Exception as unforeseen:  # noqa: BLE001 - the caller receives it, and the log must go on writing
            failure = unforeseen
        if entry.done.done():
            continue  # the caller was cancelled
        if failure is None:
            entry.done.set_result(None)
        else:
            entry.done.set_exception(failure)
