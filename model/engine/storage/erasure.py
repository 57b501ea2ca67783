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
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from model.datasets.columns import read_columns, write_columns
from model.datasets.dataset_types import ACTION_INTERACTIONS, OF_EVENTS, USERS
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
from model.engine.storage.interactions.time_order import RECORDS, users_in_time_order
from model.engine.storage.interactions.user_resolver import UserResolver

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from model.datasets.identity.session_users import SessionUsers

USER_COLUMN = "USER_ID"


class ErasureFailedError(EngineError):
    """The list of users cannot be read; the message becomes the failureReason of the job."""

    name = "ErasureFailed"


@dataclass
class Erased:
    """What was erased.

    Attributes
    ----------
    records
        Number of interactions, action interactions and rows of users.
    segments, parts
        Names of new files.
    users
        The users, and the sessions that became theirs: imports and models name a session by its id.
    positions
        By dataset type, the streamed interactions that are a user's in order of time, and another's in memory, which
        has the order of arrival.
    """

    records: int = 0
    segments: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    users: set[str] = field(default_factory=set)
    positions: dict[str, list[int]] = field(default_factory=dict)


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

    Where the orders of time and of arrival give an event of a session to different users, it is erased with either.

    Parameters
    ----------
    segments : sequence of Path
        All closed segments, oldest first.
    target : Path
        Directory for the rewritten segments, which keep their names.
    """
    target.mkdir()
    # A later segment may determine the user of an event, so all segments are read before one is rewritten.
    log = LogReader(segments)
    streams = {kind: _Stream(dataset_type) for dataset_type, kind in RECORDS.items()}
    for record in log:
        for kind, stream in streams.items():
            if type(record) is kind or isinstance(record, EndRecord | GapRecord):
                stream.add(record)
    erased.users = set(users)
    for stream in streams.values():
        stream.resolve(log)
        erased.users |= stream.sessions_of(users)
    frames_before = 0
    for segment in read_log(segments):
        # Frame by frame: their number is recorded in the next segment.
        frames = [list(decode_records(segment.content, frame)) for frame in segment.frames]
        remaining = [[_remaining(users, payload, streams, erased) for payload in frame] for frame in frames]
        count = sum(map(operator.ne, chain.from_iterable(frames), chain.from_iterable(remaining)))
        if count:
            kept = ([payload for payload in frame if payload is not None] for frame in remaining)
            write_segment(target / segment.path.name, kept, frames_before)
            erased.records += count
            erased.segments.append(segment.path.name)
        frames_before = len(frames)
    sync_files(target)


class _Owned(NamedTuple):
    """The users of an event in order of arrival and in order of time, and its position, if it has one."""

    served: str
    by_time: str
    position: int | None


class _Stream:
    """The events of a dataset: the users of each event, and its position.

    An event without an item has no position, nor has one that repeats another event of the same user.
    """

    def __init__(self, dataset_type: str) -> None:
        self.dataset_type = dataset_type
        self._resolver, self._interactions, self._positions = UserResolver(), InteractionStore(), array("q")
        self._users: SessionUsers[EventRecord] | None = None
        self.erased_by_time: set[tuple[str, str | None, str, int]] = set()  # of other users in memory
        self._resolved: Iterator[tuple[str, int]] = iter(())

    def add(self, record: EventRecord | EndRecord | GapRecord) -> None:
        """Add the next event, gap, or deletion of a dataset."""
        if isinstance(record, EventRecord):
            self._resolver.add(record)
            position = self._interactions.add(record)
            self._positions.append(-1 if position is None else position)
        elif isinstance(record, GapRecord):
            if record.of_actions == (self.dataset_type == ACTION_INTERACTIONS):
                self._interactions.skip_position()
        elif record.dataset_type == self.dataset_type:
            self._interactions.drop_streamed()

    def resolve(self, log: LogReader) -> None:
        """Resolve the users of all events; then `next` is for the first event."""
        if self._interactions.has_shared_sessions:
            self._users = users_in_time_order(log, RECORDS[self.dataset_type])
        self._resolved = zip(self._resolver.resolve(), self._positions, strict=True)

    def sessions_of(self, users: set[str]) -> set[str]:
        """Return the sessions whose first user, in one of the orders, is one of some users."""
        sessions = self._interactions.sessions_of(users)
        return sessions if self._users is None else sessions | self._users.shared_sessions_of(users)

    def next(self, event: EventRecord) -> _Owned:
        """Return the users of the next event and its position."""
        served, position = next(self._resolved)
        by_time = served if self._users is None else self._users.of_event(event) or served
        return _Owned(served, by_time, None if position < 0 else position)


def _remaining(
    users: set[str], payload: bytes, streams: dict[type[EventRecord], _Stream], erased: Erased
) -> bytes | None:
    record = decode(payload)
    replacement = _without(users, record, streams, erased)
    if replacement is None:
        return None
    return payload if replacement is record else encode(replacement)


def _without(
    users: set[str], record: Record, streams: dict[type[EventRecord], _Stream], erased: Erased
) -> Record | None:
    """Return the record itself, the gap that replaces it, or None if it is dropped."""
    if isinstance(record, RowRecord):
        return None if record.dataset_type == USERS and record.row_id in users else record
    if not isinstance(record, EventRecord):
        return record
    stream = streams[type(record)]
    served, by_time, position = stream.next(record)
    content = (served, record.item_id, record.event_type, record.counted_time)
    if served not in users and by_time not in users:
        # What repeated an erased event would get a position, so only the user that it identifies is kept.
        is_first = position is None and content in stream.erased_by_time
        return msgspec.structs.replace(record, item_id=None) if is_first else record
    if position is None:
        return None
    if served not in users:
        erased.positions.setdefault(stream.dataset_type, []).append(position)
        stream.erased_by_time.add(content)
    return GapRecord(isinstance(record, ActionRecord))


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


def write_erased(path: Path, erased: Erased) -> None:
    """Write what the engine's process has to erase from memory."""
    path.write_text(json.dumps({"users": sorted(erased.users), "positions": erased.positions}), encoding="utf-8")
