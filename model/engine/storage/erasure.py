"""Erasure of users: rewrites import parts and segments of the event log without their data.

A gap record, which holds no data, replaces each streamed interaction: a trained version stores the position up to
which it has learnt from streamed interactions, so positions must not change.
Developer guide, "Deleting users and their data with a data deletion job".
"""

from __future__ import annotations

import csv
import json
import operator
import shutil
from array import array
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from model.datasets.columns import read_columns, write_columns
from model.datasets.dataset_types import ACTION_INTERACTIONS, INTERACTIONS, OF_EVENTS, USERS
from model.engine.personalize.errors import EngineError
from model.engine.storage.disk.durability import sync_files
from model.engine.storage.event_log.frames import decode_records
from model.engine.storage.event_log.records import (
    ActionRecord,
    EndRecord,
    EventRecord,
    GapRecord,
    Record,
    RowRecord,
    decode,
    encode,
)
from model.engine.storage.event_log.segments import LogReader, read_log, write_segment
from model.engine.storage.import_part import COLUMNS_FILE, REST_FILE, ROWS_FILE, read_rows, write_rows
from model.engine.storage.interactions.store import InteractionStore
from model.engine.storage.interactions.user_resolver import UserResolver

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

USER_COLUMN = "USER_ID"


class ErasureFailedError(EngineError):
    """The list of users cannot be read; the message becomes the failureReason of the job."""

    name = "ErasureFailed"


@dataclass
class Erased:
    """The number of erased records (interactions, action interactions, rows of users) and the names of new files."""

    records: int = 0
    segments: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)


def read_user_ids(files: Iterable[tuple[str, Iterable[str]]]) -> set[str]:
    """Read the lists of users to delete.

    Parameters
    ----------
    files : iterable of (name, lines)
        CSV with one column, USER_ID.

    Raises
    ------
    ErasureFailedError
        The message names the file and the line, never a user.
    """
    users: set[str] = set()
    for name, lines in files:
        reader = csv.reader(lines, doublequote=True, escapechar="\\", strict=True)
        try:
            header = next(reader, [])
            if header != [USER_COLUMN]:
                raise ErasureFailedError(f"{name} must have the one column {USER_COLUMN}, named in its first line")
            for row in reader:
                if len(row) > 1:
                    raise ErasureFailedError(f"{name}, line {reader.line_num}: more than one value")
                users.update(user_id for user_id in row if user_id)
        except csv.Error as error:
            raise ErasureFailedError(f"{name}, line {reader.line_num}: {error}") from None
        except UnicodeDecodeError:
            raise ErasureFailedError(f"{name} is not UTF-8") from None
    if not users:
        raise ErasureFailedError("the list of users to delete is empty")
    return users


def erase_from_parts(users: set[str], parts: dict[str, list[Path]], target: Path, erased: Erased) -> None:
    """Rewrite import parts without some users; a part without data of these users is not rewritten.

    Parameters
    ----------
    parts : dict of lists of Path
        By dataset type: those with events, and USERS.
    target : Path
        Directory for the rewritten parts, which keep their names.
    """
    target.mkdir()
    for dataset_type, paths in parts.items():
        for part in paths:
            new = target / part.name
            new.mkdir()
            count = (_erase_events if dataset_type in OF_EVENTS else _erase_rows)(users, part, new)
            if count:
                sync_files(new)
                erased.records += count
                erased.parts.append(part.name)
            else:
                shutil.rmtree(new)


def erase_from_log(users: set[str], segments: Sequence[Path], target: Path, erased: Erased) -> None:
    """Rewrite segments of the event log without some users.

    Parameters
    ----------
    segments : sequence of Path
        All closed segments, oldest first.
    target : Path
        Directory for the rewritten segments, which keep their names.
    """
    target.mkdir()
    # A later segment may determine the user of an event, so all segments are read before one is rewritten.
    streams = {EventRecord: _Stream(INTERACTIONS), ActionRecord: _Stream(ACTION_INTERACTIONS)}
    for record in LogReader(segments):
        for kind, stream in streams.items():
            if type(record) is kind or isinstance(record, EndRecord):
                stream.add(record)
    frames_before = 0
    for segment in read_log(segments):
        # Frame by frame: their number is recorded in the next segment.
        frames = [list(decode_records(segment.content, frame)) for frame in segment.frames]
        remaining = [[_remaining(users, payload, streams) for payload in frame] for frame in frames]
        count = sum(map(operator.ne, chain.from_iterable(frames), chain.from_iterable(remaining)))
        if count:
            kept = ([payload for payload in frame if payload is not None] for frame in remaining)
            write_segment(target / segment.path.name, kept, frames_before)
            erased.records += count
            erased.segments.append(segment.path.name)
        frames_before = len(frames)
    sync_files(target)


class _Stream:
    """The events of a dataset: the user of each event, and whether the event has a position.

    An event without an item has no position, nor has one that repeats another event of the same user.
    """

    def __init__(self, dataset_type: str) -> None:
        self._dataset_type = dataset_type
        self._resolver, self._interactions, self._has_position = UserResolver(), InteractionStore(), array("b")
        self._resolved: Iterator[tuple[str, int]] | None = None

    def add(self, record: EventRecord | EndRecord) -> None:
        """Add the next event, or the deletion of a dataset."""
        if isinstance(record, EventRecord):
            self._resolver.add(record)
            self._has_position.append(self._interactions.add(record) is not None)
        elif record.dataset_type == self._dataset_type:
            self._interactions.drop_streamed()

    def next(self) -> tuple[str, bool]:
        """Return the user of the next event and whether it has a position; the first call is for the first event."""
        if self._resolved is None:
            self._resolved = zip(self._resolver.resolve(), self._has_position, strict=True)
        user, has_position = next(self._resolved)
        return user, bool(has_position)


def _remaining(users: set[str], payload: bytes, streams: dict[type[EventRecord], _Stream]) -> bytes | None:
    record = decode(payload)
    replacement = _without(users, record, streams)
    if replacement is None:
        return None
    return payload if replacement is record else encode(replacement)


def _without(users: set[str], record: Record, streams: dict[type[EventRecord], _Stream]) -> Record | None:
    """Return the record itself, the gap that replaces it, or None if it is dropped."""
    if isinstance(record, RowRecord):
        return None if record.dataset_type == USERS and record.row_id in users else record
    if not isinstance(record, EventRecord):
        return record
    user, has_position = streams[type(record)].next()
    if user not in users:
        return record
    return GapRecord(isinstance(record, ActionRecord)) if has_position else None


def _erase_events(users: set[str], part: Path, new: Path) -> int:
    columns = read_columns(part / COLUMNS_FILE)
    numbers = [number for number, user_id in enumerate(columns.user_ids) if user_id in users]
    if not numbers:
        return 0
    kept = ~np.isin(columns.users, numbers)
    remaining = columns.where(kept)
    # The list of ids still names the erased users; the remaining users get new numbers.
    used, renumbered = np.unique(remaining.users, return_inverse=True)
    user_ids = [columns.user_ids[number] for number in used.tolist()]
    write_columns(new / COLUMNS_FILE, replace(remaining, user_ids=user_ids, users=renumbered.astype(np.int32)))
    with (part / REST_FILE).open("rb") as old, (new / REST_FILE).open("wb") as file:
        file.writelines(line for line, is_kept in zip(old, kept.tolist(), strict=True) if is_kept)
    return int(np.count_nonzero(~kept))


def _erase_rows(users: set[str], part: Path, new: Path) -> int:
    count = 0

    def remaining() -> Iterator[tuple[str, dict[str, object]]]:
        nonlocal count
        for row_id, row in read_rows(part / ROWS_FILE):
            if row_id in users:
                count += 1
            else:
                yield row_id, row

    write_rows(new / ROWS_FILE, remaining())
    return count


def write_user_ids(path: Path, users: set[str]) -> None:
    """Write user ids for the engine's process, which erases them from memory."""
    path.write_text(json.dumps(sorted(users)), encoding="utf-8")
