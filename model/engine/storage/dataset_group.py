"""The data of one dataset group: its event log and import parts on disk, its interactions and rows in memory."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from model.datasets.columns import Columns, concatenate, read_columns
from model.datasets.dataset_types import ACTION_INTERACTIONS, ACTIONS, INTERACTIONS, ITEMS, OF_EVENTS, USERS
from model.engine.filters.table import Table
from model.engine.monitoring.logs import log
from model.engine.storage.checkpoint import Checkpoint, read_checkpoint, remove_checkpoint, write_checkpoint
from model.engine.storage.disk.durability import sync_directory
from model.engine.storage.event_ids import EventIds, digest
from model.engine.storage.event_log.log import LOG_START, EventLog
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
from model.engine.storage.import_part import COLUMNS_FILE, Row
from model.engine.storage.interactions.store import InteractionStore
from model.engine.storage.rows import ImportedRows, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from model.engine.storage.event_log.log import Position

__all__ = ["ACTIONS", "INTERACTIONS", "ITEMS", "USERS", "DatasetGroup", "Row"]

CHECKPOINT_BYTES = 32 * 1024 * 1024  # of the log: some 250,000 events, which a start replays in about two seconds
IDS_PER_STEP = 5000


class DatasetGroup:
    """The data of one dataset group; `open` reads them from disk."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log = EventLog(directory / "streamed")
        (directory / "bulk").mkdir(exist_ok=True)
        sync_directory(directory)
        self.interactions = InteractionStore()
        self.action_interactions = InteractionStore()
        self.rows = {ITEMS: Rows(), USERS: Rows(), ACTIONS: Rows()}
        self.tables = {ITEMS: Table(), USERS: Table(), ACTIONS: Table()}
        self.event_ids = EventIds()
        self._unwritten: set[bytes] = set()  # digests of the ids of events that are being written
        self._loading_parts = asyncio.Lock()
        self._checkpointed = LOG_START
        self._checkpointing: asyncio.Task[None] | None = None
        self.erasing = asyncio.Lock()  # held while a data deletion job rewrites parts and segments

    @classmethod
    async def open(cls, directory: Path, parts: dict[str, list[str]]) -> DatasetGroup:
        """Read a dataset group from its directory, which is created if it does not exist.

        Parameters
        ----------
        parts : dict
            By dataset type, the names of the import parts, oldest first.
        """
        directory.mkdir(parents=True, exist_ok=True)
        sync_directory(directory.parent)
        group = cls(directory)
        group._restore()
        for payload in group._log.replay(group._checkpointed):
            group._apply(decode(payload))
        for dataset_type, names in parts.items():
            await group.load_parts(dataset_type, names)
        return group

    @property
    def cut_bytes(self) -> int:
        """Size of the torn frame that was cut off the log when the group was opened."""
        return self._log.cut_bytes

    @property
    def stopped(self) -> str:
        """Why the group takes no more streamed data until the engine is restarted; empty while it takes them."""
        return self._log.stopped

    async def store_events(
        self, events: Sequence[EventRecord], on_stored: Callable[[list[int]], None] | None = None
    ) -> list[EventRecord]:
        """Store events, or action interactions, on disk and in memory; an event with a stored id is skipped.

        The effects of a request have this order: its records are on disk (fsync); they are in memory, and `on_stored`
        updates the served models, both without a pause of the event loop in between; only then this returns and the
        request is answered. If the disk fails, none of them happens.

        Parameters
        ----------
        events : sequence of EventRecord
            All of PutEvents, or all of PutActionInteractions.
        on_stored : callable, optional
            Called with the positions of the new interactions; see `InteractionStore.with_histories`.

        Returns
        -------
        list of EventRecord
            The events that are new.

        Raises
        ------
        OSError
            The disk refused them.
        """
        new: list[EventRecord] = []
        digested = [(digest(event.event_id), event) for event in events]

        def finish(fresh: list[tuple[bytes, EventRecord]], written: bool) -> None:
            self._unwritten.difference_update(id_digest for id_digest, _ in fresh)
            if written and fresh:
                new.extend(event for _, event in fresh)
                added = [self._add_event(id_digest, event) for id_digest, event in fresh]
                if on_stored is not None:
                    on_stored([position for position in added if position is not None])

        while True:
            fresh = [(id_digest, event) for id_digest, event in digested if self._reserve(id_digest)]
            # Also if nothing is new: a repeated event is acknowledged only when its first copy is on disk.
            await self._log.append([encode(event) for _, event in fresh], partial(finish, fresh))
            if all(id_digest in self.event_ids for id_digest, _ in digested):
                self._checkpoint_in_time()
                return new
            # The write of another request, which had the first copy, has failed: this request writes the event.

    async def store_rows(self, rows: list[RowRecord], on_stored: Callable[[], None] | None = None) -> None:
        """Store streamed items, users or actions on disk and in memory; see `store_events` for the order of effects."""

        def finish(written: bool) -> None:
            if written:
                for row in rows:
                    self._apply(row)
                if on_stored is not None:
                    on_stored()

        await self._log.append([encode(row) for row in rows], finish)
        self._checkpoint_in_time()

    async def delete_dataset(self, dataset_type: str) -> None:
        """Delete all data of a dataset."""
        end = EndRecord(dataset_type)
        await self._log.append([encode(end)], lambda written: self._apply(end) if written else None)
        await self.load_parts(dataset_type, [])

    def part_path(self, name: str) -> Path:
        """Return the directory of an import part."""
        return self._directory / "bulk" / name

    async def load_parts(self, dataset_type: str, names: list[str]) -> None:
        """Replace the imported data of a dataset by parts, oldest first; later rows replace earlier ones."""
        # In sequence: of two imports that end together, the later one's parts must remain.
        async with self._loading_parts:
            await self._load_parts(dataset_type, [self.part_path(name) for name in names])

    async def _load_parts(self, dataset_type: str, paths: list[Path]) -> None:
        if dataset_type not in OF_EVENTS:
            rows = self.rows[dataset_type]
            rows.imported = await asyncio.to_thread(ImportedRows, paths)
            table = self.tables[dataset_type]
            numbers = await _number_in_steps(lambda ids: table.intern(ids).tolist(), list(rows.imported))
            # The imported rows come first, those that were only streamed after them.
            replacement = table.replacement(rows.all(), numbers)
            await asyncio.to_thread(replacement.build)
            replacement.finish()
            return
        interactions = self.interactions if dataset_type == INTERACTIONS else self.action_interactions
        if not paths:
            interactions.set_imported(None)
            return
        source = await asyncio.to_thread(_read_columns, paths)
        # Numbering changes data that serving reads, so it runs here, in steps; reading and sorting run in threads.
        users = await _number_in_steps(interactions.number_users, source.user_ids)
        items = await _number_in_steps(interactions.number_items, source.item_ids)
        numbered = interactions.number_import(source, users, items)
        interactions.set_imported(await asyncio.to_thread(numbered.sorted))

    async def log_segments(self, *, closed: bool = False) -> list[Path]:
        """Return the segments of the event log; see `EventLog.segments`."""
        return await self._log.segments(closed=closed)

    def log_until_now(self) -> tuple[list[Path], Position]:
        """Return the segments of the event log, and the end of the records that are in memory."""
        return self._log.current_segments(), self._log.applied

    async def erase_users(self, user_ids: list[str], positions: dict[str, list[int]], rewritten: Path) -> None:
        """Erase users from the event log, by a directory of segments rewritten without them, then from memory.

        Parameters
        ----------
        positions : dict of lists of int
            By dataset type, further streamed interactions to erase: see `erasure.Erased`.
        """
        if self._checkpointing is not None:
            await asyncio.wait([self._checkpointing])
        # Before segments are replaced: a checkpoint must never contain more than the log.
        await asyncio.to_thread(remove_checkpoint, self._directory)
        self._checkpointed = LOG_START
        await self._log.replace_segments(rewritten)
        for kind, store in ((INTERACTIONS, self.interactions), (ACTION_INTERACTIONS, self.action_interactions)):
            store.erase_at(positions.get(kind, []))
            store.erase(user_ids)
        for user_id in user_ids:
            self.rows[USERS].streamed.pop(user_id, None)
        self.tables[USERS].erase(user_ids)

    async def checkpoint(self) -> None:
        """Write a checkpoint of the data in memory, so that the next start replays only later records."""
        position = self._log.applied
        pack = self.event_ids.start_packing()
        interactions = {
            INTERACTIONS: self.interactions.copy_state(),
            ACTION_INTERACTIONS: self.action_interactions.copy_state(),
        }
        rows = {kind: dict(one.streamed) for kind, one in self.rows.items()}
        packed = await asyncio.to_thread(pack)
        await asyncio.to_thread(write_checkpoint, self._directory, Checkpoint(position, interactions, rows, packed))
        self.event_ids.use(packed)
        self._checkpointed = position

    async def close(self) -> None:
        """Finish the writes in progress and close the log."""
        if self._checkpointing is not None:
            await asyncio.wait([self._checkpointing])
        await self._log.close()

    def _checkpoint_in_time(self) -> None:
        """Start a checkpoint if the last one is so old that a start would take long."""
        if self._checkpointing is not None or self.erasing.locked():
            return  # a checkpoint must not contain users that are being erased
        if self._log.bytes_since(self._checkpointed) > CHECKPOINT_BYTES:
            self._checkpointing = asyncio.create_task(self.checkpoint())
            self._checkpointing.add_done_callback(self._end_checkpoint)

    def _end_checkpoint(self, task: asyncio.Task[None]) -> None:
        self._checkpointing = None
        if not task.cancelled() and task.exception() is not None:
            # The next attempt is CHECKPOINT_BYTES later, not at the next event: the disk may be full.
            self._checkpointed = self._log.applied
            log("failure", operation="checkpoint", error=type(task.exception()).__name__)

    def _restore(self) -> None:
        checkpoint = read_checkpoint(self._directory)
        if checkpoint is None:
            return
        self._checkpointed = checkpoint.position
        self.event_ids = EventIds(checkpoint.event_ids)
        for kind, state in checkpoint.interactions.items():
            (self.interactions if kind == INTERACTIONS else self.action_interactions).restore(state)
        for kind, rows in checkpoint.rows.items():
            self.rows[kind].streamed = rows
            self.tables[kind].replace(rows)

    def _reserve(self, id_digest: bytes) -> bool:
        if id_digest in self._unwritten or id_digest in self.event_ids:
            return False
        self._unwritten.add(id_digest)
        return True

    def _add_event(self, id_digest: bytes, event: EventRecord) -> int | None:
        self.event_ids.add(id_digest)
        return self._interactions_of(event).add(event)

    def _interactions_of(self, event: EventRecord) -> InteractionStore:
        return self.action_interactions if isinstance(event, ActionRecord) else self.interactions

    def _apply(self, record: Record) -> None:
        if isinstance(record, EventRecord):
            id_digest = digest(record.event_id)
            if id_digest in self.event_ids:  # from a checkpoint of which only the ids are used
                self._interactions_of(record).add(record)
            else:
                self._add_event(id_digest, record)
        elif isinstance(record, RowRecord):
            self.rows[record.dataset_type].streamed[record.row_id] = record.row
            self.tables[record.dataset_type].upsert(record.row_id, record.row)
        elif isinstance(record, GapRecord):
            (self.action_interactions if record.of_actions else self.interactions).skip_position()
        elif record.dataset_type == INTERACTIONS:
            self.interactions.drop_streamed()
        elif record.dataset_type == ACTION_INTERACTIONS:
            self.action_interactions.drop_streamed()
        else:
            self.rows[record.dataset_type].streamed.clear()
            self.tables[record.dataset_type].replace(self.rows[record.dataset_type].imported)


async def _number_in_steps(number: Callable[[list[str]], list[int]], ids: list[str]) -> list[int]:
    """Return the numbers of many ids, with pauses for other tasks."""
    numbers: list[int] = []
    for start in range(0, len(ids), IDS_PER_STEP):
        numbers += number(ids[start : start + IDS_PER_STEP])
        await asyncio.sleep(0)
    return numbers


def _read_columns(parts: list[Path]) -> Columns:
    return concatenate([read_columns(part / COLUMNS_FILE) for part in parts])
