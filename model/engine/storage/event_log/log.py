"""The event log on disk: appends records durably, and replays them when the engine starts.

Each group commit is one frame, and the next frame starts only after the disk has confirmed it. So a crash can tear
only the last frame of the last segment, whose records were not acknowledged: it is cut off, and kept beside the log. A
frame that is broken elsewhere means a damaged disk, and the engine refuses to start rather than lose events; see
`salvage`.

Segments may be rewritten to erase users (see `erasure`). The rewritten segments replace those with the same names
once all are ready: renaming their directory is atomic, and a replacement that a crash interrupts is finished when the
log is opened again.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.engine.personalize.errors import DamagedLogError
from model.engine.storage.event_log.frames import encode_frame
from model.engine.storage.event_log.segments import (
    START_BYTES,
    create_segment,
    cut_torn_frame,
    finish_replacement,
    list_segments,
    read_log,
    remove_cut,
    remove_unfinished,
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
LOG_START: Position = (1, 0)


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
    stopped : str
        Why the log takes no more records until it is opened again; empty while it takes them.
    applied : Position
        The end of the records whose `on_written` callbacks have run: memory holds exactly these.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._file = -1
        self._size = 0
        self._frames = 0  # of records, in the last segment
        self._number = 0
        self._waiting: list[_Entry] = []
        self._flushing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="event-log")
        self.cut_bytes = 0
        self.stopped = ""
        self.applied: Position = (0, 0)

    def bytes_since(self, position: Position) -> int:
        """Return approximately how many bytes have been written since a position."""
        return (self.applied[0] - position[0]) * SEGMENT_BYTES + self.applied[1] - position[1]

    def replay(self, start: Position = LOG_START) -> Iterator[bytes]:
        """Yield the records from a position on, oldest first; then cut off a torn frame and open the log for appending.

        Raises
        ------
        DamagedLogError
            A crash cannot explain the state of the log.
        """
        finish_replacement(self._directory)
        remove_unfinished(self._directory)
        first, place = start
        paths = list_segments(self._directory)
        self._check_names(paths, start)
        segment = None
        for segment in read_log(paths[first - 1 :], first, growing=True):
            if segment.number == first and segment.end < place:
                raise DamagedLogError(f"{segment.path} is damaged at byte {segment.end}, before its checkpoint")
            yield from segment.records(place if segment.number == first else 0)
        if segment is not None:
            if not segment.is_whole:
                self.cut_bytes = len(segment.content) - segment.end
                cut_torn_frame(segment)
            self._number, self._frames, self._size = segment.number, len(segment.frames), segment.end
        if segment is None or segment.frames_before is None:  # an earlier version wrote it: its frames are different
            self._start_segment()
        else:
            self._file = os.open(segment.path, os.O_WRONLY | os.O_APPEND)
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
            Start a new segment, if the last one has records, and leave it out: so the returned ones no longer change.
        """
        if closed:
            start = await asyncio.get_running_loop().run_in_executor(self._thread, self._end_segment)
            self.applied = max(self.applied, start)
        segments = self.current_segments()
        return segments[:-1] if closed else segments

    def current_segments(self) -> list[Path]:
        """Return the segments, oldest first; the last one may be growing."""
        return list_segments(self._directory)

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
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

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
        if not records:
            return self._number, self._size  # the callers wait only for earlier records
        self._check_running()
        if self._size >= SEGMENT_BYTES:
            self._end_segment()
        frame = encode_frame(self._number, self._frames + 1, records)
        try:
            write_all(self._file, frame)
            os.fdatasync(self._file)
        except OSError:
            # A frame that is partly written, or perhaps not durable, must not be replayed after a restart.
            self._truncate()
            raise
        self._size += len(frame)
        self._frames += 1
        return self._number, self._size

    def _truncate(self) -> None:
        try:
            os.ftruncate(self._file, self._size)
        except OSError as error:
            # A frame after the rest of this one would be lost: a start cuts it off with that rest.
            self.stopped = f"a failed write could not be undone ({error.strerror}): restart the engine"
            raise

    def _check_running(self) -> None:
        if self.stopped:
            raise OSError(errno.EIO, self.stopped)

    def _end_segment(self) -> Position:
        self._check_running()
        if self._frames:  # an empty segment can take the next record
            self._start_segment()
        return self._number, self._size

    def _start_segment(self) -> None:
        # Until the new segment exists durably, the last one stays in use: the next append tries again.
        file = create_segment(self._directory, self._number + 1, self._frames)
        last, self._file = self._file, file
        self._number, self._frames, self._size = self._number + 1, 0, START_BYTES
        if last >= 0:
            with contextlib.suppress(OSError):  # the descriptor is closed in any case, and its records are durable
                os.close(last)

    def _replace_segments(self, rewritten: Path) -> None:
        finish_replacement(self._directory)
        start_replacement(self._directory, rewritten)
        finish_replacement(self._directory)
        remove_cut(self._directory)

    def _check_names(self, paths: list[Path], start: Position) -> None:
        """Check that no segment is missing before a position, and that the log reaches it."""
        for number, path in enumerate(paths, 1):
            if segment_number(path) != number:
                raise DamagedLogError(f"{segment_path(self._directory, number)} is missing")
        if start > LOG_START and start[0] > len(paths):
            raise DamagedLogError(f"{segment_path(self._directory, start[0])} is missing: a checkpoint refers to it")


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
