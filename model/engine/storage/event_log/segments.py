"""Segments of the event log: the files, their names, and their replacement by rewritten ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from model.engine.storage.disk.durability import sync_directory
from model.engine.storage.event_log.frames import MAGIC, encode_frame, read_records
from model.engine.storage.event_log.records import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from model.engine.storage.event_log.records import Record

RECORDS_PER_FRAME = 256
REWRITTEN = "rewritten"  # below the log's directory: rewritten segments that replace those with the same names


class LogReader:
    """Iterates over the records of segments, from the first one on each time.

    Parameters
    ----------
    segments : sequence of Path
        Oldest first; of the last one, which may be growing, only the sound part is read.
    """

    def __init__(self, segments: Sequence[Path]) -> None:
        self._segments = segments

    def __iter__(self) -> Iterator[Record]:
        for segment in self._segments:
            for payload in read_records(segment.read_bytes()):
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


def create_segment(path: Path) -> int:
    """Create an empty segment, durably, and return its file descriptor, open for appending."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    write_all(file, MAGIC)
    os.fsync(file)
    sync_directory(path.parent)
    return file


def write_segment(path: Path, records: Iterable[bytes]) -> None:
    """Write a whole segment."""
    with path.open("wb") as file:
        file.write(MAGIC)
        waiting: list[bytes] = []
        for record in records:
            waiting.append(record)
            if len(waiting) == RECORDS_PER_FRAME:
                file.write(encode_frame(waiting))
                waiting.clear()
        if waiting:
            file.write(encode_frame(waiting))


def write_all(file: int, content: bytes) -> None:
    """Write all bytes to a file descriptor, which may take them in several calls."""
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


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
