"""What was streamed to a dataset group, on disk: frames with checksums in segments that only grow.

Every group commit is one frame, and the next is not begun before the disk has confirmed it. So after a crash at
most the last frame of the last segment can be torn, and nothing in it was acknowledged: it is cut off. A frame
that is broken in any other place means a damaged disk, and the engine refuses to start rather than lose events.

Segments may be rewritten, so that what they say of somebody is gone (see `erasure`). The new ones take the places of
the old when all are ready: their directory is renamed, which cannot happen by halves, and what a crash leaves in it
is moved on when the log is opened again.

Frame: 4 bytes length of the body, 4 bytes CRC-32 of the body, body. Body: records, each 4 bytes length and bytes.
"""

from __future__ import annotations

import asyncio
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.engine.personalize.errors import DirectoryInUseError
from model.engine.storage.state_directory import sync_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

MAGIC = b"RVLTLOG1"
SEGMENT_BYTES = 64 * 1024 * 1024
FRAME = struct.Struct("<II")
RECORD = struct.Struct("<I")
REWRITTEN = "rewritten"  # below the log's directory: segments on their way to their places


Position = tuple[int, int]  # a segment and a byte in it


@dataclass(frozen=True)
class _Entry:
    records: list[bytes]
    settle: Callable[[bool], None] | None
    done: asyncio.Future[None]


class EventLog:
    """An append-only log; `replay` must be run through once before the first `append`."""

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
        self.applied: Position = (0, 0)  # up to where all records are settled: what memory holds is just these

    def reaches(self, position: Position) -> bool:
        """Tell whether the log holds what was written up to a position."""
        path = self._segment(position[0])
        return path.exists() and path.stat().st_size >= position[1]

    def bytes_since(self, position: Position) -> int:
        """Return how much has been written since a position, about."""
        return (self.applied[0] - position[0]) * SEGMENT_BYTES + self.applied[1] - position[1]

    def replay(self, start: Position = (0, 0)) -> Iterator[bytes]:
        """Yield every record, oldest first; cut a torn end off and open the log for appending.

        Parameters
        ----------
        start : Position
            What was written up to there is left out.

        Raises
        ------
        DirectoryInUseError
            A frame is damaged that cannot have been torn by a crash.
        """
        _finish_rewrite(self._directory)
        segments = [one for one in sorted(self._directory.glob("*.log")) if int(one.stem) >= start[0]]
        for place, segment in enumerate(segments):
            content = segment.read_bytes()
            end = yield from read_frames(content, start[1] if int(segment.stem) == start[0] else 0)
            if end < len(content):
                if place < len(segments) - 1 or _is_damaged(content, end):
                    raise DirectoryInUseError(f"{segment} is damaged at byte {end}: restore it from a copy")
                self.cut_bytes = len(content) - end
                os.truncate(segment, end)
        self._number = int(segments[-1].stem) if segments else 0
        if segments and segments[-1].stat().st_size >= len(MAGIC):
            self._open(segments[-1])
        else:
            self._next_segment()
        self.applied = (self._number, self._size)

    async def append(self, records: list[bytes], settle: Callable[[bool], None] | None = None) -> None:
        """Write records and return when they are on disk.

        Parameters
        ----------
        settle : callable, optional
            Called with whether they are on disk, in the order of the log and also where the caller has gone away
            meanwhile: so memory always holds what the log holds up to some position.

        Raises
        ------
        OSError
            The disk did not take them; the log is as it was before.
        """
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Entry(records, settle, done))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        await done

    async def segments(self, *, closed: bool = False) -> list[Path]:
        """Return the files of the log, oldest first; the last one may be growing.

        Parameters
        ----------
        closed : bool
            Begin a new segment and leave it out, so that those returned do not change any more.
        """
        if closed:
            begun = await asyncio.get_running_loop().run_in_executor(self._thread, self._end_segment)
            self.applied = max(self.applied, begun)
        found = sorted(self._directory.glob("*.log"))
        return found[:-1] if closed else found

    async def take_rewritten(self, directory: Path) -> None:
        """Let rewritten segments take the places of those with the same names, for good.

        Parameters
        ----------
        directory : Path
            On the same disk, with durable files; it is gone afterwards.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._take_rewritten, directory)

    async def close(self) -> None:
        """Wait for what is being written and close the log."""
        while self._flushing is not None:
            await asyncio.wait([self._flushing])
        self._thread.shutdown()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            # All that came in while the disk was busy goes into one frame and one fsync.
            batch, self._waiting = self._waiting, []
            try:
                records = [one for entry in batch for one in entry.records]
                end = await loop.run_in_executor(self._thread, self._write, records)
            except OSError as error:
                _settle(batch, error)
            else:
                _settle(batch, None)
                self.applied = max(self.applied, end)
        self._flushing = None

    def _write(self, records: list[bytes]) -> Position:
        if self._size >= SEGMENT_BYTES:
            self._end_segment()
        if not records:
            return self._number, self._size  # whoever waits only for what was written before
        frame = frame_of(records)
        try:
            _write_all(self._file, frame)
            os.fdatasync(self._file)
        except OSError:
            # What was written in part, or may not have reached the disk, must not come back after a restart.
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(frame)
        return self._number, self._size

    def _end_segment(self) -> Position:
        os.close(self._file)
        self._next_segment()
        return self._number, self._size

    def _take_rewritten(self, directory: Path) -> None:
        _finish_rewrite(self._directory)
        directory.rename(self._directory / REWRITTEN)
        sync_directory(self._directory)
        _finish_rewrite(self._directory)

    def _next_segment(self) -> None:
        self._number += 1
        path = self._segment(self._number)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        _write_all(file, MAGIC)
        os.fsync(file)
        sync_directory(self._directory)
        self._file, self._size = file, len(MAGIC)

    def _segment(self, number: int) -> Path:
        return self._directory / f"{number:08d}.log"

    def _open(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)
        self._size = path.stat().st_size


def _settle(batch: list[_Entry], error: OSError | None) -> None:
    for entry in batch:
        failure: Exception | None = error
        try:
            if entry.settle is not None:
                entry.settle(error is None)
        except Exception as unforeseen:  # noqa: BLE001 - it is the caller's, and must not stop the log
            failure = unforeseen
        if entry.done.done():
            continue  # whoever waited has gone away
        if failure is None:
            entry.done.set_result(None)
        else:
            entry.done.set_exception(failure)


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def _finish_rewrite(directory: Path) -> None:
    rewritten = directory / REWRITTEN
    if not rewritten.is_dir():
        return
    for segment in sorted(rewritten.iterdir()):
        segment.replace(directory / segment.name)
    sync_directory(directory)
    rewritten.rmdir()
    sync_directory(directory)


def frame_of(records: list[bytes]) -> bytes:
    """Return records as a frame, as segments hold them."""
    body = b"".join([RECORD.pack(len(record)) + record for record in records])
    return FRAME.pack(len(body), zlib.crc32(body)) + body


def read_frames(content: bytes, start: int = 0) -> Generator[bytes, None, int]:
    """Yield the records of a segment from a frame's beginning on, and return where its sound part ends."""
    if not content.startswith(MAGIC):
        return 0
    place = max(start, len(MAGIC))
    while (end := _frame_end(content, place)) > place:
        inside = place + FRAME.size
        while inside < end:
            length: int = RECORD.unpack_from(content, inside)[0]
            yield content[inside + RECORD.size : inside + RECORD.size + length]
            inside += RECORD.size + length
        place = end
    return place


def _frame_end(content: bytes, place: int) -> int:
    """Return where the frame at `place` ends, or `place` where there is no sound frame."""
    if place + FRAME.size > len(content):
        return place
    length, checksum = FRAME.unpack_from(content, place)
    begin = place + FRAME.size
    end: int = begin + length
    if length == 0 or end > len(content) or zlib.crc32(content[begin:end]) != checksum:
        return place
    return end


def _is_damaged(content: bytes, place: int) -> bool:
    """Tell whether the break at `place` cannot be a torn end: a sound frame follows, or the segment is none of ours."""
    if place == 0:
        return len(content) >= len(MAGIC)
    if place + FRAME.size > len(content):
        return False
    (length,) = FRAME.unpack_from(content, place)[:1]
    following: int = place + FRAME.size + length
    return _frame_end(content, following) > following
