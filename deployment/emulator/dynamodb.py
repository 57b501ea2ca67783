"""DynamoDB: one journal per table, so that an acknowledged write survives the process.

MiniStack has items in memory only. Here every item that is set or removed is an entry in the table's journal before the
reply; the tables themselves are in the emulator's snapshot, without their items. A journal is replayed at start, and
rewritten when it holds many more entries than the table has items.

A scan of an index reads the items of the index alone, as AWS does: MiniStack looks through all items of the table.

Not stored: the records of DynamoDB streams. A TransactWriteItems that a kill interrupts, and that is therefore not
acknowledged, may be applied in part.
"""

from __future__ import annotations

import copy
import functools
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import dynamodb

from deployment.emulator.persistence import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deployment.emulator.settings import Settings

    Table = dict[str, Any]
    Item = dict[str, Any]

SLACK: Final = 20_000
"""A journal is rewritten when it has this many entries more than twice the table's items."""

_OTHER_STATE: Final = (
    "tags",
    "ttl_settings",
    "pitr_settings",
    "kinesis_destinations",
    "contributor_insights",
    "backups",
    "resource_policies",
    "exports",
    "imports",
)


class TableJournals:
    """The journals of all tables, by table id, which differs between a deleted table and a new one of its name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, journal.Journal] = {}
        self._entries: defaultdict[str, int] = defaultdict(int)

    def set(self, table: Table, partition: str, sort: str, item: Item) -> None:
        """Record that an item was put or changed."""
        self._append(table, [partition, sort, item])

    def remove(self, table: Table, partition: str, sort: str) -> None:
        """Record that an item was removed."""
        self._append(table, [partition, sort])

    def replace(self, table: Table) -> None:
        """Rewrite the journal of a table whose items were all replaced, or whose journal is too long."""
        table_id = table["TableId"]
        if table_id in self._open:
            self._open.pop(table_id).close()
        journal.rewrite(self._path(table_id), _entries(table))
        self._entries[table_id] = table["ItemCount"]

    def load(self, table: Table) -> None:
        """Load the items of a table from its journal."""
        items: defaultdict[str, dict[str, Item]] = defaultdict(dict)
        entries = 0
        for partition, sort, *item in journal.read(self._path(table["TableId"])):
            entries += 1
            if item:
                items[partition][sort] = item[0]
            else:
                items[partition].pop(sort, None)
        table["items"] = defaultdict(dict, {partition: rows for partition, rows in items.items() if rows})
        self._entries[table["TableId"]] = entries
        dynamodb._update_counts(table)

    def remove_all_but(self, tables: list[Table]) -> None:
        """Remove the journals of tables that no longer exist."""
        known = {table["TableId"] for table in tables}
        for path in self._folder.glob("*.journal"):
            if path.stem not in known:
                path.unlink()

    def _append(self, table: Table, entry: list[Any]) -> None:
        table_id = table["TableId"]
        if table_id not in self._open:
            self._open[table_id] = journal.Journal(self._path(table_id))
        self._open[table_id].append(entry)
        self._entries[table_id] += 1
        if self._entries[table_id] > 2 * table["ItemCount"] + SLACK:
            self.replace(table)

    def _path(self, table_id: str) -> Path:
        return self._folder / f"{table_id}.journal"


def install(settings: Settings) -> None:
    """Journal items as MiniStack sets and removes them."""
    journals = TableJournals(settings.directory / "dynamodb")
    set_item, remove_item, replaced = dynamodb._set_item, dynamodb._remove_item, dynamodb._items_replaced

    def set_durably(table: Table, partition: str, sort: str, item: Item) -> Item | None:
        old: Item | None = set_item(table, partition, sort, item)
        journals.set(table, partition, sort, item)
        return old

    def remove_durably(table: Table, partition: str, sort: str) -> Item | None:
        old: Item | None = remove_item(table, partition, sort)
        if old is not None:
            journals.remove(table, partition, sort)
        return old

    def replace_durably(table: Table) -> None:
        replaced(table)
        journals.replace(table)

    dynamodb._set_item = set_durably
    dynamodb._remove_item = remove_durably
    dynamodb._items_replaced = replace_durably
    dynamodb._scan = _of_its_index(dynamodb._scan)
    dynamodb._tokenize = _once_for_all_items(dynamodb._tokenize)
    dynamodb.get_state = _copy_without_items
    dynamodb.load_persisted_state = _with_items(dynamodb.load_persisted_state, journals)


def _of_its_index(scan: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """Let a scan see, in place of its table, one with the items of the index that it names."""

    def scan_index(request: dict[str, Any]) -> Any:
        name = dynamodb._normalize_table_name(request.get("TableName"))
        table = dynamodb._tables.get(name)
        members = dynamodb._index_members(table).get(request.get("IndexName")) if table else None
        if members is None:
            return scan(request)
        items: defaultdict[str, dict[str, Item]] = defaultdict(dict)
        for partition in members.values():
            for hash_value, range_value in partition:
                items[hash_value][range_value] = table["items"][hash_value][range_value]
        dynamodb._tables[name] = table | {"items": items}
        try:
            return scan(request)
        finally:
            dynamodb._tables[name] = table

    return scan_index


def _once_for_all_items(tokenize: Callable[[str], list[Any]]) -> Callable[[str], list[Any]]:
    """Divide an expression into its parts once, and not again for each item that it is evaluated for."""
    known = functools.lru_cache(maxsize=256)(lambda expression: tuple(tokenize(expression)))
    return lambda expression: list(known(expression))


def _copy_without_items() -> dict[str, Any]:
    tables = AccountRegionScopedDict()
    for (account, region, name), table in dynamodb._tables.all_items():
        described = {
            member: value for member, value in table.items() if member not in {"items", dynamodb._INDEX_MEMBERS}
        }
        tables.set_scoped(account, region, name, copy.deepcopy(described) | {"items": {}})
    other = {name: copy.deepcopy(getattr(dynamodb, f"_{name}")) for name in _OTHER_STATE}
    return {"tables": tables, **other}


def _with_items(load: Callable[[dict[str, Any]], None], journals: TableJournals) -> Callable[[dict[str, Any]], None]:
    def load_with_items(data: dict[str, Any]) -> None:
        load(data)
        tables = dynamodb._tables.all_values()
        for table in tables:
            journals.load(table)
        journals.remove_all_but(tables)

    return load_with_items


def _entries(table: Table) -> Iterator[list[Any]]:
    for partition, rows in list(table["items"].items()):
        for sort, item in list(rows.items()):
            yield [partition, sort, item]
