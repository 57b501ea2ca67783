"""Statements about the catalogue: databases, tables, views and partitions."""

from __future__ import annotations

import base64
import fnmatch
import json
import re
import time
from typing import TYPE_CHECKING, Any

from ministack.services import athena, glue

from deployment.emulator.athena import dialect, queries
from deployment.emulator.athena.dialect.types import to_hive
from deployment.emulator.athena.errors import QueryFailedError
from deployment.emulator.athena.results import Result
from deployment.emulator.athena.statements import Outcome, database_and_table, unquoted
from deployment.emulator.athena.tables import projection
from deployment.emulator.athena.tables.table import VIEW_PREFIX, VIEW_SUFFIX, Table, find_table
from deployment.emulator.internal_requests import call_json
from deployment.emulator.s3 import objects

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.athena.statements import Run, Statement

    Action = Callable[[Statement, Run], Outcome]


def create_database(statement: Statement, _run: Run) -> Outcome:
    """CREATE DATABASE."""
    name = unquoted(statement.parts["name"] or "")
    if name in glue._databases:
        if statement.parts["lenient"]:
            return Outcome()
        raise QueryFailedError("SCHEMA_ALREADY_EXISTS", f"line 1:1: Schema 'awsdatacatalog.{name}' already exists")
    described = {"Name": name, "Description": statement.parts["comment"], "LocationUri": statement.parts["location"]}
    change_catalog("CreateDatabase", {"DatabaseInput": {key: value for key, value in described.items() if value}})
    return Outcome()


def drop_database(statement: Statement, _run: Run) -> Outcome:
    """DROP DATABASE, with its tables where it says CASCADE."""
    name = unquoted(statement.parts["name"] or "")
    if name not in glue._databases:
        if statement.parts["lenient"]:
            return Outcome()
        raise QueryFailedError("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{name}' does not exist")
    tables = [record["Name"] for record in _tables(name)]
    if tables and (statement.parts["cascade"] or "").upper() != "CASCADE":
        raise QueryFailedError("SCHEMA_NOT_EMPTY", f"Database {name} is not empty. One or more tables exist.")
    for table in tables:
        change_catalog("DeleteTable", {"DatabaseName": name, "Name": table})
    change_catalog("DeleteDatabase", {"Name": name})
    return Outcome()


def create_table(statement: Statement, run: Run) -> Outcome:
    """CREATE EXTERNAL TABLE, as MiniStack reads it."""
    described = athena._parse_ddl(statement.text)
    if described is None:
        raise QueryFailedError("SYNTAX_ERROR", "line 1:1: this form of CREATE TABLE is not supported on the laptop")
    try:
        athena._run_ddl(described, run.session.database)
    except ValueError as error:
        raise QueryFailedError("INVALID_TABLE", str(error)) from error
    return Outcome()


def drop(statement: Statement, run: Run) -> Outcome:
    """DROP TABLE and DROP VIEW; the objects stay, as they do for an external table."""
    database, name = database_and_table(statement.parts["name"] or "", run.session.database)
    if f"{database}/{name}" not in glue._tables:
        if statement.parts["lenient"]:
            return Outcome()
        raise QueryFailedError("TABLE_NOT_FOUND", f"line 1:1: '{database}.{name}' does not exist")
    change_catalog("DeleteTable", {"DatabaseName": database, "Name": name})
    return Outcome()


def create_view(statement: Statement, run: Run) -> Outcome:
    """CREATE [OR REPLACE] VIEW: checked by binding its query, and stored in the catalogue as Trino stores it."""
    database, name = database_and_table(statement.parts["name"] or "", run.session.database)
    sql = (statement.parts["query"] or "").strip()
    bound = queries.bind_query(run.session, dialect.parse(sql))
    queries.check_named(bound)
    columns = bound.columns
    stored = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": run.session.database,
        "columns": [{"name": column, "type": str(kind)} for column, kind in columns],
    }
    table = {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": to_hive(kind) or "string"} for column, kind in columns]
        },
        "PartitionKeys": [],
        "ViewOriginalText": f"{VIEW_PREFIX}{base64.b64encode(json.dumps(stored).encode()).decode()}{VIEW_SUFFIX}",
        "ViewExpandedText": "/* Presto View */",
    }
    existing = glue._tables.get(f"{database}/{name}")
    if existing is not None and (existing.get("TableType") != "VIRTUAL_VIEW" or not statement.parts["replaces"]):
        raise QueryFailedError("TABLE_ALREADY_EXISTS", f"line 1:1: View '{database}.{name}' already exists")
    action = "CreateTable" if existing is None else "UpdateTable"
    change_catalog(action, {"DatabaseName": database, "TableInput": table})
    return Outcome()


def add_partitions(statement: Statement, run: Run) -> Outcome:
    """ALTER TABLE … ADD PARTITION."""
    table = _table(statement, run)
    entries = []
    for values, location in _partition_clauses(table, statement.parts["partitions"] or ""):
        storage = {**table.record["StorageDescriptor"], "Location": location or _default_location(table, values)}
        entries.append({"Values": values, "StorageDescriptor": storage})
    known = {tuple(partition["Values"]) for partition in glue._partitions.get(f"{table.database}/{table.name}", [])}
    existing = [entry for entry in entries if tuple(entry["Values"]) in known]
    if existing and not statement.parts["lenient"]:
        raise QueryFailedError("ALREADY_EXISTS", f"Partition already exists: {existing[0]['Values']}")
    _create_partitions(table, [entry for entry in entries if entry not in existing])
    return Outcome()


def drop_partitions(statement: Statement, run: Run) -> Outcome:
    """ALTER TABLE … DROP PARTITION."""
    table = _table(statement, run)
    for values, _ in _partition_clauses(table, statement.parts["partitions"] or ""):
        known = [partition["Values"] for partition in glue._partitions.get(f"{table.database}/{table.name}", [])]
        if values not in known and not statement.parts["lenient"]:
            raise QueryFailedError("PARTITION_NOT_FOUND", f"Partition not found: {values}")
        subject = {"DatabaseName": table.database, "TableName": table.name, "PartitionValues": values}
        change_catalog("DeletePartition", subject)
    return Outcome()


def repair(statement: Statement, run: Run) -> Outcome:
    """MSCK REPAIR TABLE: register the partitions in folders named ``key=value``."""
    table = _table(statement, run)
    bucket, prefix = objects.split(table.location)
    pattern = re.compile("/".join(rf"{re.escape(key)}=([^/]+)" for key, _ in table.keys) + "/")
    folders = {
        match.groups(): match[0]
        for stored in objects.list_objects(bucket, prefix)
        if (match := pattern.match(stored.key[len(prefix) :]))
    }
    known = {tuple(partition["Values"]) for partition in glue._partitions.get(f"{table.database}/{table.name}", [])}
    storage = table.record["StorageDescriptor"]
    missing = {values: folder for values, folder in folders.items() if values not in known}
    _create_partitions(
        table,
        [
            {"Values": list(values), "StorageDescriptor": {**storage, "Location": table.location + folder}}
            for values, folder in sorted(missing.items())
        ],
    )
    lines = [f"Partitions not in metastore:\t{table.name}:{folder.rstrip('/')}" for folder in sorted(missing.values())]
    return Outcome(Result([("result", "varchar")], [[line] for line in lines]))


def show_databases(statement: Statement, _run: Run) -> Outcome:
    """SHOW DATABASES."""
    return _names("database_name", list(glue._databases), statement.parts["pattern"])


def show_tables(statement: Statement, run: Run) -> Outcome:
    """SHOW TABLES: tables and views."""
    database = unquoted(statement.parts["database"] or run.session.database)
    return _names("tab_name", [record["Name"] for record in _tables(database)], statement.parts["pattern"])


def show_views(statement: Statement, run: Run) -> Outcome:
    """SHOW VIEWS."""
    database = unquoted(statement.parts["database"] or run.session.database)
    views = [record["Name"] for record in _tables(database) if record.get("TableType") == "VIRTUAL_VIEW"]
    return _names("views", views, statement.parts["pattern"])


def show_columns(statement: Statement, run: Run) -> Outcome:
    """SHOW COLUMNS."""
    database = unquoted(statement.parts["database"] or run.session.database)
    table = find_table(*database_and_table(statement.parts["name"] or "", database))
    return Outcome(Result([("field", "string")], [[name] for name, _ in [*table.columns, *table.keys]]))


def show_partitions(statement: Statement, run: Run) -> Outcome:
    """SHOW PARTITIONS: the registered partitions; projected ones are not in the catalogue."""
    table = _table(statement, run)
    if projection.is_projected(table.parameters):
        return Outcome(Result([("partition", "string")], []))
    rows = [partition["Values"] for partition in glue._partitions.get(f"{table.database}/{table.name}", [])]
    lines = ["/".join(f"{key}={value}" for (key, _), value in zip(table.keys, row, strict=True)) for row in rows]
    return Outcome(Result([("partition", "string")], [[line] for line in sorted(lines)]))


def show_create(statement: Statement, run: Run) -> Outcome:
    """SHOW CREATE TABLE and SHOW CREATE VIEW."""
    table = _table(statement, run)
    view = table.view
    if view:
        lines = [f"CREATE VIEW {table.database}.{table.name} AS", *view[0].splitlines()]
        return Outcome(Result([("create view", "varchar")], [[line] for line in lines]))
    columns = ",".join(f"\n  `{name}` {kind}" for name, kind in table.columns)
    text = f"CREATE EXTERNAL TABLE `{table.database}.{table.name}`({columns})"
    if table.keys:
        keys = ",".join(f"\n  `{name}` {kind}" for name, kind in table.keys)
        text += f"\nPARTITIONED BY ({keys})"
    storage = table.record["StorageDescriptor"]
    serde = storage.get("SerdeInfo") or {}
    text += (
        f"\nROW FORMAT SERDE\n  '{serde.get('SerializationLibrary', '')}'\nLOCATION\n  '{storage.get('Location', '')}'"
    )
    properties = ",".join(f"\n  '{name}'='{value}'" for name, value in sorted(table.parameters.items()))
    return Outcome(
        Result(
            [("createtab_stmt", "string")], [[line] for line in f"{text}\nTBLPROPERTIES ({properties})".splitlines()]
        )
    )


def describe(statement: Statement, run: Run) -> Outcome:
    """DESCRIBE: columns, then partition columns."""
    table = _table(statement, run)
    comments = {column["Name"].lower(): column.get("Comment", "") for column in _all_columns(table)}
    rows: list[list[str | None]] = [
        [f"{name:<20}", f"{kind:<20}", f"{comments.get(name, ''):<20}"] for name, kind in [*table.columns, *table.keys]
    ]
    if table.keys:
        rows += [["", None, None], ["# Partition Information", None, None]]
        rows += [[f"{name:<20}", f"{kind:<20}", f"{comments.get(name, ''):<20}"] for name, kind in table.keys]
    return Outcome(Result([("col_name", "string"), ("data_type", "string"), ("comment", "string")], rows))


ACTIONS: dict[str, Action] = {
    "ADD_PARTITION": add_partitions,
    "CREATE_DATABASE": create_database,
    "CREATE_TABLE": create_table,
    "CREATE_VIEW": create_view,
    "DESCRIBE": describe,
    "DROP_DATABASE": drop_database,
    "DROP_PARTITION": drop_partitions,
    "DROP_TABLE": drop,
    "DROP_VIEW": drop,
    "MSCK": repair,
    "SHOW_COLUMNS": show_columns,
    "SHOW_CREATE": show_create,
    "SHOW_DATABASES": show_databases,
    "SHOW_PARTITIONS": show_partitions,
    "SHOW_TABLES": show_tables,
    "SHOW_VIEWS": show_views,
}


def _table(statement: Statement, run: Run) -> Table:
    return find_table(*database_and_table(statement.parts["name"] or "", run.session.database))


def _tables(database: str) -> list[dict[str, Any]]:
    if database not in glue._databases:
        raise QueryFailedError("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist")
    return [record for key, record in glue._tables.items() if key.startswith(f"{database}/")]


def _all_columns(table: Table) -> list[dict[str, Any]]:
    return [*table.record["StorageDescriptor"].get("Columns", []), *(table.record.get("PartitionKeys") or [])]


def _names(column: str, names: list[str], pattern: str | None) -> Outcome:
    # Hive's patterns: * for anything, | between alternatives.
    patterns = (pattern or "*").split("|")
    matching = sorted(name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns))
    return Outcome(Result([(column, "string")], [[name] for name in matching]))


def _partition_clauses(table: Table, text: str) -> list[tuple[list[str], str | None]]:
    clauses = re.findall(r"PARTITION\s*\(([^)]*)\)(?:\s*LOCATION\s*'([^']*)')?", text, re.IGNORECASE)
    partitions = []
    for pairs, location in clauses:
        given = {
            unquoted(name): value.strip().strip("'\"")
            for name, _, value in (p.partition("=") for p in pairs.split(","))
        }
        if given.keys() != {name for name, _ in table.keys}:
            raise QueryFailedError(
                "INVALID_PARTITION", f"PARTITION ({pairs}) does not name every partition column of {table.name}"
            )
        partitions.append(([given[name] for name, _ in table.keys], location or None))
    return partitions


def _default_location(table: Table, values: list[str]) -> str:
    return table.location + "/".join(f"{key}={value}" for (key, _), value in zip(table.keys, values, strict=True)) + "/"


def _create_partitions(table: Table, entries: list[dict[str, Any]]) -> None:
    now = int(time.time())
    inputs = [{**entry, "LastAccessTime": now} for entry in entries]
    subject = {"DatabaseName": table.database, "TableName": table.name, "PartitionInputList": inputs}
    change_catalog("BatchCreatePartition", subject)


def change_catalog(action: str, data: dict[str, Any]) -> None:
    """Change the Glue catalogue; ``HIVE_METASTORE_ERROR`` if Glue rejects the request."""
    # As a request, so that the change is on disk before the statement succeeds.
    status, response = call_json("glue", f"AWSGlue.{action}", data)
    if status >= 400:
        raise QueryFailedError(
            "HIVE_METASTORE_ERROR", f"{response.get('message')} (Service: AWSGlue; {response.get('__type')})"
        )
