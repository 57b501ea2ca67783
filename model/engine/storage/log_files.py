"""Segments of the event log, read and written by other processes than the engine's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.engine.storage.event_log import MAGIC, frame_of, read_frames
from model.engine.storage.records import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from model.engine.storage.records import Record

RECORDS_PER_FRAME = 256


class LogReader:
    """The records of some segments, as often as they are gone through.

    Parameters
    ----------
    segments : sequence of Path
        Oldest first; the last may be growing, and what of it is not sound yet is left out.
    """

    def __init__(self, segments: Sequence[Path]) -> None:
        self._segments = segments

    def __iter__(self) -> Iterator[Record]:
        for segment in self._segments:
            for payload in read_frames(segment.read_bytes()):
                yield decode(payload)


def write_segment(path: Path, records: Iterable[bytes]) -> None:
    """Write a segment."""
    with path.open("wb") as file:
        file.write(MAGIC)
        waiting: list[bytes] = []
        for record in records:
            waiting.append(record)
            if len(waiting) == RECORDS_PER_FRAME:
                file.write(frame_of(waiting))
                waiting.clear()
        if waiting:
            file.write(frame_of(waiting))
