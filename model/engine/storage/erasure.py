"""Data of users, deleted for good: from imported parts and from the event log, which are written anew without it.

What a user streamed leaves a gap where it stood, which says nothing but that something was there: a trained version
remembers by number which streamed interactions it knows, so the numbers must not move.
Developer guide, "Deleting users and their data with a data deletion job".
"""

from __future__ import annotations

import csv
import json
import shutil
from array import array
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from model.datasets.columns import read_columns, write_columns
from model.datasets.dataset_types import ACTION_INTERACTIONS, INTERACTIONS, OF_EVENTS, USERS
from model.engine.personalize.errors import EngineError
from model.engine.storage.bulk_part import COLUMNS_FILE, REST_FILE, ROWS_FILE, read_rows, write_rows
from model.engine.storage.event_log import read_frames
from model.engine.storage.interactions.store import Users
from model.engine.storage.interactions.streamed_users import Owners
from model.engine.storage.log_files import LogReader, write_segment
from model.engine.storage.records import (
    ActionRecord,
    EndRecord,
    EventRecord,
    GapRecord,
    Record,
    RowRecord,
    decode,
    encode,
)
from model.engine.storage.state_directory import sync_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

USER_COLUMN = "USER_ID"


class ErasureFailedError(EngineError):
    """The list of users cannot be read; the message is the job's failureReason."""

    name = "ErasureFailed"


@dataclass
class Erased:
    """What was written anew.

    Attributes
    ----------
    records : int
        How many are gone: interactions, action interactions and rows of users.
    segments : list of str
        Names of the segments of the log that are new.
    parts : list of str
        Names of the imported parts that are new.
    """

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
    found: set[str] = set()
    for name, lines in files:
        reader = csv.reader(lines, doublequote=True, escapechar="\\", strict=True)
        try:
            header = next(reader, [])
            if header != [USER_COLUMN]:
                raise ErasureFailedError(f"{name} must have the one column {USER_COLUMN}, named in its first line")
            for row in reader:
                if len(row) > 1:
                    raise ErasureFailedError(f"{name}, line {reader.line_num}: more than one value")
                found.update(one for one in row if one)
        except csv.Error as error:
            raise ErasureFailedError(f"{name}, line {reader.line_num}: {error}") from None
        except UnicodeDecodeError:
            raise ErasureFailedError(f"{name} is not UTF-8") from None
    if not found:
        raise ErasureFailedError("the list of users to delete is empty")
    return found


def erase_from_parts(users: set[str], parts: dict[str, list[Path]], target: Path, erased: Erased) -> None:
    """Write imported parts anew without some users; a part that has none of them is left as it is.

    Parameters
    ----------
    parts : dict of lists of Path
        By dataset type: those with events, and USERS.
    target : Path
        Where each new part gets a directory with the name of the old one.
    erased : Erased
        Gets what was done.
    """
    target.mkdir()
    for dataset_type, paths in parts.items():
        for part in paths:
            new = target / part.name
            new.mkdir()
            gone = (_erase_events if dataset_type in OF_EVENTS else _erase_rows)(users, part, new)
            if gone:
                sync_files(new)
                erased.records += gone
                erased.parts.append(part.name)
            else:
                shutil.rmtree(new)


def erase_from_log(users: set[str], segments: Sequence[Path], target: Path, erased: Erased) -> None:
    """Write segments of the log anew without some users.

    Parameters
    ----------
    segments : sequence of Path
        All of the log but the one that grows, oldest first.
    target : Path
        Where each new segment gets the name of the old one.
    erased : Erased
        Gets what was done.
    """
    target.mkdir()
    # Whose an event is may be known only from a later segment; so all of them are read before one is written.
    streams = {EventRecord: _Stream(INTERACTIONS), ActionRecord: _Stream(ACTION_INTERACTIONS)}
    for record in LogReader(segments):
        for kind, stream in streams.items():
            if type(record) is kind or isinstance(record, EndRecord):
                stream.learn(record)
    for segment in segments:
        gone = 0

        def kept(segment: Path = segment) -> Iterator[bytes]:
            nonlocal gone
            for payload in read_frames(segment.read_bytes()):
                record = decode(payload)
                left = _without(users, record, streams)
                gone += left is not record
                if left is not None:
                    yield payload if left is record else encode(left)

        write_segment(target / segment.name, kept())
        if gone:
            erased.records += gone
            erased.segments.append(segment.name)
        else:
            (target / segment.name).unlink()
    sync_files(target)


class _Stream:
    """The events of a dataset: whose each is, and whether it has a place of its own.

    An event without an item has none, nor one that repeats another of the same user.
    """

    def __init__(self, dataset_type: str) -> None:
        self._dataset_type = dataset_type
        self._owners, self._users, self._placed = Owners(), Users(), array("b")
        self._answers: Iterator[tuple[str, int]] | None = None

    def learn(self, record: EventRecord | EndRecord) -> None:
        """Learn of the next event, or that a dataset has ended."""
        if isinstance(record, EventRecord):
            self._owners.add(record)
            self._placed.append(self._users.add(record) is not None)
        elif record.dataset_type == self._dataset_type:
            self._users.drop_streamed()

    def next(self) -> tuple[str, bool]:
        """Return whose the next event is, and whether it has a place, from the first one on."""
        if self._answers is None:
            self._answers = zip(self._owners.names(), self._placed, strict=True)
        user, placed = next(self._answers)
        return user, bool(placed)


def _without(users: set[str], record: Record, streams: dict[type[EventRecord], _Stream]) -> Record | None:
    """Return a record as it may stay, a gap in its place, or nothing."""
    if isinstance(record, RowRecord):
        return None if record.dataset_type == USERS and record.row_id in users else record
    if not isinstance(record, EventRecord):
        return record
    user, has_place = streams[type(record)].next()
    if user not in users:
        return record
    return GapRecord(isinstance(record, ActionRecord)) if has_place else None


def _erase_events(users: set[str], part: Path, new: Path) -> int:
    columns = read_columns(part / COLUMNS_FILE)
    numbers = [number for number, one in enumerate(columns.user_ids) if one in users]
    if not numbers:
        return 0
    kept = ~np.isin(columns.users, numbers)
    left = columns.where(kept)
    # The list of ids names all users that there were; those that are left get new numbers.
    used, anew = np.unique(left.users, return_inverse=True)
    user_ids = [columns.user_ids[number] for number in used.tolist()]
    write_columns(new / COLUMNS_FILE, replace(left, user_ids=user_ids, users=anew.astype(np.int32)))
    with (part / REST_FILE).open("rb") as old, (new / REST_FILE).open("wb") as file:
        file.writelines(line for line, stays in zip(old, kept.tolist(), strict=True) if stays)
    return int(np.count_nonzero(~kept))


def _erase_rows(users: set[str], part: Path, new: Path) -> int:
    gone = 0

    def kept() -> Iterator[tuple[str, dict[str, object]]]:
        nonlocal gone
        for row_id, row in read_rows(part / ROWS_FILE):
            if row_id in users:
                gone += 1
            else:
                yield row_id, row

    write_rows(new / ROWS_FILE, kept())
    return gone


def write_user_ids(path: Path, users: set[str]) -> None:
    """Write user ids for the engine's process, which forgets them in memory."""
    path.write_text(json.dumps(sorted(users)), encoding="utf-8")
