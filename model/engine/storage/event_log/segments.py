"""Segments of the event log: the files, their names, and their replacement by rewritten ones."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.engine.personalize.errors import DamagedLogError, DirectoryInUseError
from model.engine.storage.disk.durability import sync_directory, sync_file
from model.engine.storage.disk.state_directory import new_id
from model.engine.storage.event_log.frames import (
    MAGIC,
    MAGIC_1,
    Frame,
    decode_count,
    decode_records,
    encode_frame,
    encode_start,
    find_frame,
    frame_1_at,
    frame_at,
)
from model.engine.storage.event_log.records import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from model.engine.storage.event_log.records import Record

REWRITTEN = "rewritten"  # below the log's directory: rewritten segments that replace those with the same names
CUT = "cut"  # below the log's directory: what was cut off segments, and segments that were salvaged
UNFINISHED = ".new"
START_BYTES = len(encode_start(1, 0))


@dataclass(frozen=True)
class Segment:
    """The content of a segment.

    Attributes
    ----------
    frames : list of Frame
        The sound frames of records before any damage.
    end : int
        The byte at which the sound part ends; 0 if not even the beginning is sound.
    frames_before : int or None
        How many frames of records the previous segment has; None in format 1.
    """

    path: Path
    content: bytes
    frames: list[Frame]
    end: int
    frames_before: int | None

    @property
    def number(self) -> int:
        """The number of the segment in its log."""
        return segment_number(self.path)

    @property
    def is_whole(self) -> bool:
        """Whether all of it is sound."""
        return self.end == len(self.content) and (self.end > 0 or not self.content)

    @property
    def is_torn(self) -> bool:
        """Whether a write that a crash interrupted explains the damage: nothing sound follows it."""
        has_beginning = self.end > 0 or MAGIC_1.startswith(self.content)
        return has_beginning and find_frame(self.content, self.end, self.number) is None

    def records(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the records of the frames that begin at a byte or later, and before another."""
        for frame in self.frames:
            if frame.start >= start and (end is None or frame.start < end):
                yield from decode_records(self.content, frame)


class LogReader:
    """Iterates over the records of segments, from the first one on each time.

    Parameters
    ----------
    segments : sequence of Path
        Oldest first, from the first one on.
    growing : bool
        Whether the last one may be growing: then only its sound part is read.
    end : (segment, byte), optional
        Later records are left out.

    Raises
    ------
    DamagedLogError
        While iterating.
    """

    def __init__(self, segments: Sequence[Path], *, growing: bool = False, end: tuple[int, int] | None = None) -> None:
        self._segments = [path for path in segments if end is None or segment_number(path) <= end[0]]
        self._growing = growing or end is not None
        self._end = end

    def __iter__(self) -> Iterator[Record]:
        for segment in read_log(self._segments, growing=self._growing):
            end = self._end[1] if self._end is not None and segment.number == self._end[0] else segment.end
            for payload in segment.records(end=end):
                yield decode(payload)


def segment_path(directory: Path, number: int) -> Path:
    """Return the path of a segment."""
    return directory / f"{number:08d}.log"


def segment_number(path: Path) -> int:
    """Return the number of a segment."""
    return int(path.stem)


def list_segments(directory: Path) -> list[Path]:
    """Return the segments of a log, oldest first."""
    return sorted(directory.glob("*.log"))


def read_segment(path: Path) -> Segment:
    """Read a segment, damaged or not."""
    content, number = path.read_bytes(), segment_number(path)
    frames: list[Frame] = []
    frames_before: int | None = None
    place = 0
    if content.startswith(MAGIC_1):
        place = len(MAGIC_1)
        while frame := frame_1_at(content, place, len(frames) + 1):
            frames.append(frame)
            place = frame.end
    elif content.startswith(MAGIC) and (start := frame_at(content, len(MAGIC), number)) and start.sequence == 0:
        frames_before, place = decode_count(content, start), start.end
        while (frame := frame_at(content, place, number)) and frame.sequence == len(frames) + 1:
            frames.append(frame)
            place = frame.end
    return Segment(path, content, frames, place, frames_before)


def read_log(paths: Sequence[Path], first: int = 1, *, growing: bool = False) -> Iterator[Segment]:
    """Yield the segments of a log, oldest first, and check that none of them and no frame is missing.

    Parameters
    ----------
    first : int
        The number that the first segment must have.
    growing : bool
        Whether the last segment may end in a torn frame.

    Raises
    ------
    DamagedLogError
        A segment is missing, lacks frames or is damaged.
    """
    frames = 0
    for number, path in enumerate(paths, first):
        if segment_number(path) != number:
            raise DamagedLogError(f"{segment_path(path.parent, number)} is missing")
        segment = read_segment(path)
        # More frames are no loss: the next segment may have been started in vain, and this one continued.
        if number > first and segment.frames_before is not None and frames < segment.frames_before:
            short = segment_path(path.parent, number - 1)
            raise DamagedLogError(f"{short} has {frames} of {segment.frames_before} frames")
        if not segment.is_whole and not (growing and path == paths[-1] and segment.is_torn):
            raise DamagedLogError(f"{path} is damaged at byte {segment.end}")
        frames = len(segment.frames)
        yield segment


def create_segment(directory: Path, number: int, frames_before: int) -> int:
    """Create an empty segment, durably, and return its file descriptor, open for appending; none is left on failure."""
    path = segment_path(directory, number)
    unfinished = path.with_suffix(UNFINISHED)
    file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    created = unfinished
    try:
        write_all(file, encode_start(number, frames_before))
        os.fsync(file)
        created = unfinished.rename(path)
        sync_directory(directory)
    except OSError:
        os.close(file)
        created.unlink()
        raise
    return file


def write_segment(path: Path, frames: Iterable[Iterable[bytes]], frames_before: int) -> None:
    """Write a whole segment, whose number is in its name, with the records of each frame."""
    number = segment_number(path)
    with path.open("wb") as file:
        file.write(encode_start(number, frames_before))
        for sequence, records in enumerate(frames, 1):
            file.write(encode_frame(number, sequence, records))


def write_all(file: int, content: bytes) -> None:
    """Write all bytes to a file descriptor, which may take them in several calls."""
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def cut_torn_frame(segment: Segment) -> None:
    """Cut a torn frame off a segment, durably, after a copy of it was kept.

    Raises
    ------
    DirectoryInUseError
        The copy cannot be written, as where the disk is full; nothing was cut.
    """
    try:
        kept = kept_path(segment.path.parent, f"{segment.path.stem}-{segment.end}")
        kept.write_bytes(segment.content[segment.end :])
        sync_file(kept)
        sync_directory(kept.parent)
    except OSError as error:
        raise DirectoryInUseError(
            f"{segment.path} ends in a torn write that cannot be kept ({error.strerror})"
        ) from None
    os.truncate(segment.path, segment.end)
    sync_file(segment.path)


def kept_path(directory: Path, name: str) -> Path:
    """Return a new path for what is cut off a log; its directory exists durably."""
    (directory / CUT).mkdir(exist_ok=True)
    sync_directory(directory)
    return directory / CUT / f"{name}-{new_id()}"


def remove_cut(directory: Path) -> None:
    """Remove everything that was cut off a log."""
    if (directory / CUT).is_dir():
        shutil.rmtree(directory / CUT)
        sync_directory(directory)


def remove_unfinished(directory: Path) -> None:
    """Remove segments that a crash interrupted before they could take records."""
    for left in directory.glob(f"*{UNFINISHED}"):
        left.unlink()


def start_replacement(directory: Path, rewritten: Path) -> None:
    """Move a directory of rewritten segments into a log: from then on a crash cannot undo the replacement."""
    rewritten.rename(directory / REWRITTEN)
    sync_directory(directory)


def finish_replacement(directory: Path) -> None:
    """Replace segments by the rewritten ones, also where a crash interrupted that before."""
    rewritten = directory / REWRITTEN
    if not rewritten.is_dir():
        return
    for segment in sorted(rewritten.iterdir()):
        segment.replace(directory / segment.name)
    sync_directory(directory)
    rewritten.rmdir()
    sync_directory(directory)
