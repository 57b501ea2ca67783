"""Salvage of a damaged event log: every sound frame stays in the log, and the damaged segments are kept beside it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from model.engine.storage.checkpoint import FILE, read_checkpoint, remove_checkpoint, write_checkpoint
from model.engine.storage.disk.durability import sync_directory, sync_files
from model.engine.storage.event_log.frames import HEADER_BYTES, Frame, decode_records, find_frame
from model.engine.storage.event_log.segments import (
    CUT,
    START_BYTES,
    Segment,
    finish_replacement,
    kept_path,
    list_segments,
    read_segment,
    segment_number,
    segment_path,
    start_replacement,
    write_segment,
)

if TYPE_CHECKING:
    from pathlib import Path

    from model.engine.storage.event_log.log import Position

LOG, SALVAGED = (
    "streamed",
    "salvaged",
)  # directories in that of a dataset group: the log, and segments to replace its own
LOG_START: Position = (1, 0)


@dataclass(frozen=True)
class _Examined:
    """A segment of a damaged log.

    Attributes
    ----------
    frames : list of Frame
        All sound frames of records, those behind any damage too.
    end : int
        The byte at which the sound part before any damage ends.
    problem : str
        Why the engine does not start with it; empty if it does.
    """

    path: Path
    frames: list[Frame]
    end: int
    problem: str


def salvage_group(directory: Path, *, write: bool) -> list[str]:
    """Salvage the event log of a dataset group, and return a sentence for each damage; none for a sound log.

    Parameters
    ----------
    directory : Path
        Of the dataset group, which no engine may use.
    write : bool
        Replace the segments from the first damage on by sound ones; else nothing is changed.
    """
    log = directory / LOG
    finish_replacement(log)
    examined = _examine(log)
    problems = [segment.problem for segment in examined if segment.problem]
    first = next((place for place, segment in enumerate(examined) if segment.problem), len(examined))
    checkpoint = read_checkpoint(directory)
    if checkpoint is not None and checkpoint.position > _moved(checkpoint.position, examined, len(examined)):
        problems.append(f"{log} ends before its checkpoint, which has more events")
    if not (problems and write):
        return problems
    _write(examined, first, directory / SALVAGED)
    replaced = [segment.path for segment in examined[first:]]
    for path in (*replaced, directory / FILE):
        if path.exists():
            os.link(path, kept_path(log, path.stem))
    sync_directory(log / CUT)
    # It has the events that the log has lost, but its position is one in the old segments.
    remove_checkpoint(directory)
    start_replacement(log, directory / SALVAGED)
    finish_replacement(log)
    if checkpoint is not None:
        write_checkpoint(directory, replace(checkpoint, position=_moved(checkpoint.position, examined, first)))
    return problems


def _examine(log: Path) -> list[_Examined]:
    paths = list_segments(log)
    examined: list[_Examined] = []
    for number in range(1, segment_number(paths[-1]) + 1 if paths else 1):
        path = segment_path(log, number)
        if path not in paths:
            examined.append(_Examined(path, [], 0, f"{path} is missing"))
            continue
        segment = read_segment(path)
        if examined and segment.frames_before is not None and len(examined[-1].frames) < segment.frames_before:
            short = examined[-1]
            counts = f"{short.path} has {len(short.frames)} of {segment.frames_before} frames"
            examined[-1] = replace(short, problem=short.problem or counts)
        frames = [*segment.frames, *_frames_behind(segment)]
        is_sound = segment.is_whole or (path == paths[-1] and segment.is_torn)
        damaged = f"{path} is damaged at byte {segment.end}; {len(frames)} of its frames are sound"
        examined.append(_Examined(path, frames, segment.end, "" if is_sound else damaged))
    return examined


def _frames_behind(segment: Segment) -> list[Frame]:
    """Return the sound frames of records behind the damage of a segment."""
    frames, place = [], segment.end
    while frame := find_frame(segment.content, place, segment.number):
        if frame.sequence:
            frames.append(frame)
        place = frame.end
    return frames


def _write(examined: list[_Examined], first: int, target: Path) -> None:
    """Write the segments from a place on with their sound frames only."""
    target.mkdir(exist_ok=True)
    frames_before = len(examined[first - 1].frames) if first else 0
    for segment in examined[first:]:
        content = segment.path.read_bytes() if segment.frames else b""
        frames = (decode_records(content, frame) for frame in segment.frames)
        write_segment(target / segment.path.name, frames, frames_before)
        frames_before = len(segment.frames)
    sync_files(target)


def _moved(position: Position, examined: list[_Examined], first: int) -> Position:
    """Return a position in the salvaged log, behind the same sound frames as in the old one.

    The segment at the place `first` was the first to be rewritten.
    """
    number, place = position
    if not examined:
        return LOG_START
    if number > len(examined):
        number, place = len(examined), examined[-1].end
    if number <= first:
        return number, min(place, examined[number - 1].end)
    before = [frame for frame in examined[number - 1].frames if frame.end <= place]
    return number, START_BYTES + sum(HEADER_BYTES + frame.end - frame.begin for frame in before)
