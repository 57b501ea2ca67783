"""The data of one dataset group: its event log on disk and what is known of people, items and users in memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from model.engine.bulk_part import COLUMNS_FILE, Row
from model.engine.columns import Columns, joined, read_columns
from model.engine.dataset_types import ACTION_INTERACTIONS, ACTIONS, INTERACTIONS, ITEMS, OF_EVENTS, USERS
from model.engine.event_log import EventLog
from model.engine.filters.table import Table
from model.engine.people import People
from model.engine.records import ActionRecord, EndRecord, EventRecord, GapRecord, Record, RowRecord, decode, encode
from model.engine.rows import ImportedRows, Rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["ACTIONS", "INTERACTIONS", "ITEMS", "USERS", "DatasetGroup", "Row"]


class DatasetGroup:
    """One dataset group's data; `open` reads them from disk."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log = EventLog(directory / "streamed")
        (directory / "bulk").mkdir(exist_ok=True)
        self.people = People()
        self.action_people = People()
        self.rows = {ITEMS: Rows(), USERS: Rows(), ACTIONS: Rows()}
        self.tables = {ITEMS: Table(), USERS: Table(), ACTIONS: Table()}
        self.event_ids: set[str] = set()
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

        Returns
        -------
        DatasetGroup
        """
        directory.mkdir(parents=True, exist_ok=True)
        group = cls(directory)
        for dataset_type, names in parts.items():
            await group.use_parts(dataset_type, names)
        for payload in group._log.replay():
            group._apply(decode(payload))
        return group

    @property
    def cut_bytes(self) -> int:
        """How many bytes of a torn last frame were cut off when the group was opened."""
        return self._log.cut_bytes

    async def keep_events(self, events: Sequence[EventRecord]) -> tuple[list[int], list[EventRecord]]:
        """Keep events, or action interactions, on disk and in memory; an id that was kept before is passed over.

        Parameters
        ----------
        events : sequence of EventRecord
            All of PutEvents, or all of PutActionInteractions.

        Returns
        -------
        places : list of int
            Of the new interactions, for `people.before` or `action_people.before`.
        new : list of EventRecord
            Those of the events that are new.

        Raises
        ------
        OSError
            The disk did not take them.
        """
        places: list[int] = []
        new: list[EventRecord] = []
        while True:
            fresh = [event for event in events if self._reserve(event.event_id)]
            try:
                # Even where nothing is new: a repeated event is acknowledged only when its first copy is on disk.
                await self._log.append([encode(event) for event in fresh])
            except OSError:
                self.event_ids.difference_update(event.event_id for event in fresh)
                raise
            new += fresh
            places += [place for event in fresh if (place := self._people_of(event).add(event)) is not None]
            if all(event.event_id in self.event_ids for event in events):
                return places, new
            # The first copy came in another request, whose write has failed meanwhile: this one writes it itself.

    async def keep_rows(self, rows: list[RowRecord]) -> None:
        """Keep streamed items, users or actions on disk and in memory.

        Parameters
        ----------
        rows : list of RowRecord

        Raises
        ------
        OSError
            The disk did not take them.
        """
        await self._log.append([encode(row) for row in rows])
        for row in rows:
            self._apply(row)

    async def end_dataset(self, dataset_type: str) -> None:
        """Forget all data of a dataset, for good.

        Parameters
        ----------
        dataset_type : str
        """
        await self._log.append([encode(EndRecord(dataset_type))])
        self._apply(EndRecord(dataset_type))
        await self.use_parts(dataset_type, [])

    def part_path(self, name: str) -> Path:
        """Return the directory of an imported part."""
        return self._directory / "bulk" / name

    async def use_parts(self, dataset_type: str, names: list[str]) -> None:
        """Let these parts be all that was imported; later rows replace earlier ones of the same id.

        Parameters
        ----------
        dataset_type : str
        names : list of str
            Oldest first.
        """
        paths = [self.part_path(name) for name in names]
        if dataset_type not in OF_EVENTS:
            rows = self.rows[dataset_type]
            rows.bulk = await asyncio.to_thread(ImportedRows, paths)
            replacement = self.tables[dataset_type].replacement(rows.all())
            await asyncio.to_thread(replacement.build)
            replacement.finish()
            return
        people = self.people if dataset_type == INTERACTIONS else self.action_people
        if not paths:
            people.set_bulk(None)
            return
        source = await asyncio.to_thread(_read_columns, paths)
        # Numbering changes what serving reads, so it is done here; reading and sorting wait for nobody.
        numbered = people.number(source)
        people.set_bulk(await asyncio.to_thread(numbered.sorted))

    async def log_segments(self, *, closed: bool = False) -> list[Path]:
        """Return the files of the event log; see `EventLog.segments`."""
        return await self._log.segments(closed=closed)

    async def forget_users(self, user_ids: list[str], rewritten: Path) -> None:
        """Forget users in memory, once the log is put in place that says nothing of them.

        Parameters
        ----------
        user_ids : list of str
        rewritten : Path
            Segments of the log without them.
        """
        await self._log.take_rewritten(rewritten)
        self.people.forget(user_ids)
        self.action_people.forget(user_ids)
        for user_id in user_ids:
            self.rows[USERS].streamed.pop(user_id, None)
        self.tables[USERS].forget(user_ids)

    async def close(self) -> None:
        """Wait for what is being written and close the log."""
        await self._log.close()

    def _reserve(self, event_id: str) -> bool:
        if event_id in self.event_ids:
            return False
        self.event_ids.add(event_id)
        return True

    def _people_of(self, event: EventRecord) -> People:
        return self.action_people if isinstance(event, ActionRecord) else self.people

    def _apply(self, record: Record) -> None:
        if isinstance(record, EventRecord):
            self.event_ids.add(record.event_id)
            self._people_of(record).add(record)
        elif isinstance(record, RowRecord):
            self.rows[record.dataset_type].streamed[record.row_id] = record.row
            self.tables[record.dataset_type].upsert(record.row_id, record.row)
        elif isinstance(record, GapRecord):
            (self.action_people if record.of_actions else self.people).skip()
        elif record.dataset_type == INTERACTIONS:
            self.people.drop_streamed()
        elif record.dataset_type == ACTION_INTERACTIONS:
            self.action_people.drop_streamed()
        else:
            self.rows[record.dataset_type].streamed.clear()
            self.tables[record.dataset_type].replace(self.rows[record.dataset_type].bulk)


def _read_columns(parts: list[Path]) -> Columns:
    return joined([read_columns(part / COLUMNS_FILE) for part in parts])
