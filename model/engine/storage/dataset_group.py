"""The data of one dataset group: its event log on disk and what is known of users, items and users in memory."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from model.datasets.columns import Columns, joined, read_columns
from model.datasets.dataset_types import ACTION_INTERACTIONS, ACTIONS, INTERACTIONS, ITEMS, OF_EVENTS, USERS
from model.engine.filters.table import Table
from model.engine.monitoring.logs import log
from model.engine.storage.bulk_part import COLUMNS_FILE, Row
from model.engine.storage.checkpoint import Checkpoint, read_checkpoint, remove_checkpoint, write_checkpoint
from model.engine.storage.event_ids import EventIds, digest
from model.engine.storage.event_log import EventLog
from model.engine.storage.interactions.store import Users
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
from model.engine.storage.rows import ImportedRows, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from model.engine.storage.event_log import Position

__all__ = ["ACTIONS", "INTERACTIONS", "ITEMS", "USERS", "DatasetGroup", "Row"]

CHECKPOINT_BYTES = 32 * 1024 * 1024  # of the log, some 250,000 events, which a start reads in about two seconds
IDS_AT_ONCE = 5000
BEGINNING: Position = (1, 0)  # of the log


class DatasetGroup:
    """One dataset group's data; `open` reads them from disk."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log = EventLog(directory / "streamed")
        (directory / "bulk").mkdir(exist_ok=True)
        self.users = Users()
        self.action_users = Users()
        self.rows = {ITEMS: Rows(), USERS: Rows(), ACTIONS: Rows()}
        self.tables = {ITEMS: Table(), USERS: Table(), ACTIONS: Table()}
        self.event_ids = EventIds()
        self._unwritten: set[bytes] = set()  # digests of the ids of events on their way to the disk
        self._using_parts = asyncio.Lock()
        self._checkpointed = BEGINNING
        self._checkpointing: asyncio.Task[None] | None = None
        self.erasing = asyncio.Lock()  # held while a deletion writes parts and segments anew

    @classmethod
    async def open(cls, directory: Path, parts: dict[str, list[str]]) -> DatasetGroup:
        """Read a dataset group from disk.

        Parameters
        ----------
        directory : Path
            Made where it does not exist.
        parts : dict
            By dataset type, the names of the imported parts, oldest first.
        """
        directory.mkdir(parents=True, exist_ok=True)
        group = cls(directory)
        group._restore()
        for payload in group._log.replay(group._checkpointed):
            group._apply(decode(payload))
        for dataset_type, names in parts.items():
            await group.use_parts(dataset_type, names)
        return group

    @property
    def cut_bytes(self) -> int:
        """How many bytes of a torn last frame were cut off when the group was opened."""
        return self._log.cut_bytes

    async def keep_events(
        self, events: Sequence[EventRecord], on_stored: Callable[[list[int]], None] | None = None
    ) -> list[EventRecord]:
        """Keep events, or action interactions, on disk and in memory; an id that was kept before is passed over.

        The effects of a request come in this order: its records are on disk (fsync); they are in memory, and
        `on_stored` updates the served models, both without a pause of the event loop in between; only then this
        returns and the request is answered. Where the disk fails, none of them happens.

        Parameters
        ----------
        events : sequence of EventRecord
            All of PutEvents, or all of PutActionInteractions.
        on_stored : callable, optional
            Called with the positions of the new interactions, for `users.before` or `action_users.before`.

        Returns
        -------
        list of EventRecord
            Those of the events that are new.

        Raises
        ------
        OSError
            The disk did not take them.
        """
        new: list[EventRecord] = []
        named = [(digest(event.event_id), event) for event in events]

        def settle(fresh: list[tuple[bytes, EventRecord]], written: bool) -> None:
            self._unwritten.difference_update(known_by for known_by, _ in fresh)
            if written and fresh:
                new.extend(event for _, event in fresh)
                places = [place for one in fresh if (place := self._take_event(*one)) is not None]
                if on_stored is not None:
                    on_stored(places)

        while True:
            fresh = [one for one in named if self._reserve(one[0])]
            # Even where nothing is new: a repeated event is acknowledged only when its first copy is on disk.
            await self._log.append([encode(event) for _, event in fresh], partial(settle, fresh))
            if all(known_by in self.event_ids for known_by, _ in named):
                self._checkpoint_in_time()
                return new
            # The first copy came in another request, whose write has failed meanwhile: this one writes it itself.

    async def keep_rows(self, rows: list[RowRecord], on_stored: Callable[[], None] | None = None) -> None:
        """Keep streamed items, users or actions on disk and in memory; `keep_events` states the order of effects.

        Parameters
        ----------
        on_stored : callable, optional
            Called when the rows are on disk and in memory.

        Raises
        ------
        OSError
            The disk did not take them.
        """

        def settle(written: bool) -> None:
            if written:
                for row in rows:
                    self._apply(row)
                if on_stored is not None:
                    on_stored()

        await self._log.append([encode(row) for row in rows], settle)
        self._checkpoint_in_time()

    async def end_dataset(self, dataset_type: str) -> None:
        """Forget all data of a dataset, for good."""
        end = EndRecord(dataset_type)
        await self._log.append([encode(end)], lambda written: self._apply(end) if written else None)
        await self.use_parts(dataset_type, [])

    def part_path(self, name: str) -> Path:
        """Return the directory of an imported part."""
        return self._directory / "bulk" / name

    async def use_parts(self, dataset_type: str, names: list[str]) -> None:
        """Let these parts be all that was imported; later rows replace earlier ones of the same id.

        Parameters
        ----------
        names : list of str
            Oldest first.
        """
        # One after the other: of two imports that end together, the later one's parts are to stay.
        async with self._using_parts:
            await self._use_parts(dataset_type, [self.part_path(name) for name in names])

    async def _use_parts(self, dataset_type: str, paths: list[Path]) -> None:
        if dataset_type not in OF_EVENTS:
            rows = self.rows[dataset_type]
            rows.bulk = await asyncio.to_thread(ImportedRows, paths)
            table = self.tables[dataset_type]
            numbers = await _bit_by_bit(lambda ids: table.intern(ids).tolist(), list(rows.bulk))
            # The imported rows come first, those that were only streamed after them.
            replacement = table.replacement(rows.all(), numbers)
            await asyncio.to_thread(replacement.build)
            replacement.finish()
            return
        interactions = self.users if dataset_type == INTERACTIONS else self.action_users
        if not paths:
            interactions.set_bulk(None)
            return
        source = await asyncio.to_thread(_read_columns, paths)
        # Numbering changes what serving reads, so it is done here, bit by bit; reading and sorting wait for nobody.
        users = await _bit_by_bit(interactions.number_users, source.user_ids)
        items = await _bit_by_bit(interactions.number_items, source.item_ids)
        numbered = interactions.numbered(source, users, items)
        interactions.set_bulk(await asyncio.to_thread(numbered.sorted))

    async def log_segments(self, *, closed: bool = False) -> list[Path]:
        """Return the files of the event log; see `EventLog.segments`."""
        return await self._log.segments(closed=closed)

    async def forget_users(self, user_ids: list[str], rewritten: Path) -> None:
        """Forget users in memory, once the log is put in place that says nothing of them.

        Parameters
        ----------
        rewritten : Path
            Segments of the log without them.
        """
        if self._checkpointing is not None:
            await asyncio.wait([self._checkpointing])
        # Before the log is rewritten: a checkpoint must never hold more than the log.
        await asyncio.to_thread(remove_checkpoint, self._directory)
        self._checkpointed = BEGINNING
        await self._log.take_rewritten(rewritten)
        self.users.forget(user_ids)
        self.action_users.forget(user_ids)
        for user_id in user_ids:
            self.rows[USERS].streamed.pop(user_id, None)
        self.tables[USERS].forget(user_ids)

    async def checkpoint(self) -> None:
        """Write down what memory holds, so that a start need not read the log up to here again."""
        position = self._log.applied
        pack = self.event_ids.packing()
        users = {INTERACTIONS: self.users.taken(), ACTION_INTERACTIONS: self.action_users.taken()}
        rows = {kind: dict(one.streamed) for kind, one in self.rows.items()}
        packed = await asyncio.to_thread(pack)
        await asyncio.to_thread(write_checkpoint, self._directory, Checkpoint(position, users, rows, packed))
        self.event_ids.use(packed)
        self._checkpointed = position

    async def close(self) -> None:
        """Wait for what is being written and close the log."""
        if self._checkpointing is not None:
            await asyncio.wait([self._checkpointing])
        await self._log.close()

    def _checkpoint_in_time(self) -> None:
        """Begin a checkpoint where the last one is so far behind that a start would take long."""
        if self._checkpointing is not None or self.erasing.locked():
            return  # of users who are being deleted none may be written down
        if self._log.bytes_since(self._checkpointed) > CHECKPOINT_BYTES:
            self._checkpointing = asyncio.create_task(self.checkpoint())
            self._checkpointing.add_done_callback(self._end_checkpoint)

    def _end_checkpoint(self, task: asyncio.Task[None]) -> None:
        self._checkpointing = None
        if not task.cancelled() and task.exception() is not None:
            # Tried again when as much again has been written, not with every event: the disk may be full.
            self._checkpointed = self._log.applied
            log("failure", operation="checkpoint", error=type(task.exception()).__name__)

    def _restore(self) -> None:
        found = read_checkpoint(self._directory)
        if found is None or not self._log.reaches(found.position):
            return
        self._checkpointed = found.position
        self.event_ids = EventIds(found.event_ids)
        self.users.restore(found.users[INTERACTIONS])
        self.action_users.restore(found.users[ACTION_INTERACTIONS])
        for kind, rows in found.rows.items():
            self.rows[kind].streamed = rows
            self.tables[kind].replace(rows)

    def _reserve(self, known_by: bytes) -> bool:
        if known_by in self._unwritten or known_by in self.event_ids:
            return False
        self._unwritten.add(known_by)
        return True

    def _take_event(self, known_by: bytes, event: EventRecord) -> int | None:
        self.event_ids.add(known_by)
        return self._users_of(event).add(event)

    def _users_of(self, event: EventRecord) -> Users:
        return self.action_users if isinstance(event, ActionRecord) else self.users

    def _apply(self, record: Record) -> None:
        if isinstance(record, EventRecord):
            self._take_event(digest(record.event_id), record)
        elif isinstance(record, RowRecord):
            self.rows[record.dataset_type].streamed[record.row_id] = record.row
            self.tables[record.dataset_type].upsert(record.row_id, record.row)
        elif isinstance(record, GapRecord):
            (self.action_users if record.of_actions else self.users).skip()
        elif record.dataset_type == INTERACTIONS:
            self.users.drop_streamed()
        elif record.dataset_type == ACTION_INTERACTIONS:
            self.action_users.drop_streamed()
        else:
            self.rows[record.dataset_type].streamed.clear()
            self.tables[record.dataset_type].replace(self.rows[record.dataset_type].bulk)


async def _bit_by_bit(number: Callable[[list[str]], list[int]], ids: list[str]) -> list[int]:
    """Return the numbers of many ids, and let others have their turn in between."""
    numbers: list[int] = []
    for start in range(0, len(ids), IDS_AT_ONCE):
        numbers += number(ids[start : start + IDS_AT_ONCE])
        await asyncio.sleep(0)
    return numbers


def _read_columns(parts: list[Path]) -> Columns:
    return joined([read_columns(part / COLUMNS_FILE) for part in parts])
