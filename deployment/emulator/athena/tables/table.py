"""Tables of the Glue catalogue: their columns, their partitions, and the objects that a query has to read."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ministack.services import glue

from deployment.emulator.athena.errors import QueryFailedError
from deployment.emulator.athena.tables import projection
from deployment.emulator.glue.partition_filter import UnreadableFilterError, rows_where
from deployment.emulator.s3 import objects

if TYPE_CHECKING:
    import duckdb

    from deployment.emulator.s3.objects import StoredObject

CATALOG = "awsdatacatalog"
VIEW_PREFIX = "/* Presto View: "
VIEW_SUFFIX = " */"

Columns = list[tuple[str, str]]


@dataclass(frozen=True)
class Partition:
    """One partition: its values in the order of the keys, and its objects."""

    values: tuple[str, ...]
    files: list[StoredObject] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """A table of the catalogue."""

    database: str
    name: str
    record: dict[str, Any]

    @property
    def columns(self) -> Columns:
        """Names (in lower case) and Hive types of the columns in the files."""
        return _columns((self.record.get("StorageDescriptor") or {}).get("Columns"))

    @property
    def keys(self) -> Columns:
        """Names (in lower case) and Hive types of the partition columns."""
        return _columns(self.record.get("PartitionKeys"))

    @property
    def parameters(self) -> dict[str, str]:
        """The table's properties."""
        return self.record.get("Parameters") or {}

    @property
    def location(self) -> str:
        """The location of its objects, with a slash at the end."""
        return str((self.record.get("StorageDescriptor") or {}).get("Location", "")).rstrip("/") + "/"

    @property
    def view(self) -> tuple[str, str] | None:
        """The SQL of a view and the database that its names belong to; None for a table."""
        text = self.record.get("ViewOriginalText") or ""
        if self.record.get("TableType") != "VIRTUAL_VIEW" or not text.startswith(VIEW_PREFIX):
            return None
        stored = json.loads(base64.b64decode(text.removeprefix(VIEW_PREFIX).removesuffix(VIEW_SUFFIX)))
        return stored["originalSql"], stored.get("schema") or self.database


def find_table(database: str, name: str) -> Table:
    """Return a table or a view of the catalogue; ``SCHEMA_NOT_FOUND`` or ``TABLE_NOT_FOUND`` with Trino's message."""
    if database.lower() not in glue._databases:
        raise QueryFailedError("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist")
    record = glue._tables.get(f"{database.lower()}/{name.lower()}")
    if record is None:
        raise QueryFailedError("TABLE_NOT_FOUND", f"line 1:1: Table '{CATALOG}.{database}.{name}' does not exist")
    return Table(database.lower(), name.lower(), record)


def partitions_of(table: Table) -> list[Partition]:
    """Return a table's partitions with their objects; a table without partition columns is one partition.

    An invalid location, or a projection that Athena does not have, fails the query.
    """
    if not table.keys:
        return [Partition((), _objects_under(table.location))]
    if projection.is_projected(table.parameters):
        return _projected(table)
    registered = glue._partitions.get(f"{table.database}/{table.name}", [])
    return [
        Partition(
            tuple(partition["Values"]),
            _objects_under(
                (partition.get("StorageDescriptor") or {}).get("Location") or _hive_location(table, partition)
            ),
        )
        for partition in registered
    ]


def select_partitions(
    table: Table, partitions: list[Partition], conditions: list[str], connection: duckdb.DuckDBPyConnection
) -> list[Partition]:
    """Return the partitions that match conditions, in DuckDB's SQL, over the partition columns.

    A condition that cannot be evaluated from the values alone is ignored here, since the query evaluates it again.
    """
    for condition in conditions:
        try:
            selected = rows_where(
                table.keys, [list(partition.values) for partition in partitions], condition, connection
            )
        except UnreadableFilterError:
            continue
        partitions = [partitions[index] for index in selected]
    return partitions


def _projected(table: Table) -> list[Partition]:
    names = [name for name, _ in table.keys]
    template = projection.location_template(table.record, names)
    prefix, pattern = projection.matcher(template)
    checks = [projection.allowed_values(table.parameters, name) for name in names]
    files: dict[tuple[str, ...], list[StoredObject]] = defaultdict(list)
    allowed: dict[tuple[str, ...], bool] = {}
    for stored in _objects_under(prefix, is_folder=False):
        match = pattern.match(f"s3://{stored.bucket}/{stored.key}")
        if not match:
            continue
        values = tuple(match[name] for name in names)
        if values not in allowed:
            allowed[values] = all(check(value) for check, value in zip(checks, values, strict=True))
        if allowed[values]:
            files[values].append(stored)
    return [Partition(values, stored) for values, stored in sorted(files.items())]


def _objects_under(location: str, *, is_folder: bool = True) -> list[StoredObject]:
    try:
        bucket, prefix = objects.split(location)
        if is_folder and prefix:
            prefix = prefix.rstrip("/") + "/"
        listed = list(objects.list_objects(bucket, prefix))
    except objects.ObjectStoreError as error:
        raise QueryFailedError("HIVE_FILESYSTEM_ERROR", f"{error} ({error.code})") from error
    # Trino's Hive reader skips names that begin with "_" or "." below the location.
    below = len(prefix) if is_folder else 0
    return [stored for stored in listed if stored.size and not _is_hidden(stored.key[below:])]


def _is_hidden(key: str) -> bool:
    return any(part.startswith(("_", ".")) for part in key.split("/"))


def _hive_location(table: Table, partition: dict[str, Any]) -> str:
    return table.location + "/".join(
        f"{name}={value}" for (name, _), value in zip(table.keys, partition["Values"], strict=True)
    )


def _columns(described: list[dict[str, Any]] | None) -> Columns:
    return [(column["Name"].lower(), column.get("Type") or "string") for column in described or []]
