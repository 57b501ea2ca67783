"""Statements that write data: CREATE TABLE AS, INSERT INTO and UNLOAD.

Sources: https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html, insert-into.html, unload.html.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ministack.services import glue
from sqlglot import exp

from deployment.emulator.athena import catalogue, dialect, queries, workgroups
from deployment.emulator.athena.dialect.types import Type, coerces, from_hive, to_hive
from deployment.emulator.athena.errors import QueryFailedError, RequestRefusedError
from deployment.emulator.athena.statements import Outcome
from deployment.emulator.athena.tables import projection
from deployment.emulator.athena.tables.relations import format_of
from deployment.emulator.athena.tables.table import Table, find_table
from deployment.emulator.s3 import objects

if TYPE_CHECKING:
    from deployment.emulator.athena.statements import Run, Statement

SERDES = {
    "parquet": (
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    ),
    "json": (
        "org.apache.hive.hcatalog.data.JsonSerDe",
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    ),
    "textfile": (
        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    ),
}
ENDINGS = {"parquet": ".parquet", "json": ".json", "textfile": ".txt"}
CODECS = {"snappy": "SNAPPY", "gzip": "GZIP", "zstd": "ZSTD", "none": "UNCOMPRESSED", "uncompressed": "UNCOMPRESSED"}
# Hive's default separator of a text table.
FIELD_DELIMITER = "\x01"


def check_create_table_as(statement: Statement, workgroup: str) -> None:
    """Refuse an ``external_location`` where the work group enforces the output location."""
    if statement.tree is None or "external_location" not in _properties(statement.tree):
        return
    if workgroups.configuration(workgroup)["EnforceWorkGroupConfiguration"]:
        raise RequestRefusedError(
            "The Create Table As Select query failed because it was submitted with an 'external_location' property to "
            "an Athena Workgroup that enforces a centralized output location for all queries. Please remove the "
            "'external_location' property and resubmit the query."
        )


def create_table_as(statement: Statement, run: Run) -> Outcome:
    """CREATE TABLE … AS SELECT: write files and create a table over them."""
    tree = statement.tree
    assert isinstance(tree, exp.Create)  # noqa: S101 - for the type checker; `read` ensures it
    named = tree.this if isinstance(tree.this, exp.Table) else tree.this.this
    database, name = (named.db or run.session.database).lower(), named.name.lower()
    if database not in glue._databases:
        raise QueryFailedError("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist")
    if f"{database}/{name}" in glue._tables:
        if tree.args.get("exists"):
            return Outcome()
        raise QueryFailedError(
            "TABLE_ALREADY_EXISTS", f"line 1:1: Destination table '{database}.{name}' already exists"
        )
    options = _properties(tree)
    location = options.get("external_location") or f"{run.output_location}tables/{run.query_id}/"
    location = location.rstrip("/") + "/"
    if any(True for _ in objects.list_objects(*objects.split(location))):
        raise QueryFailedError(
            "HIVE_PATH_ALREADY_EXISTS",
            f"Target directory for table '{database}.{name}' already exists: {location}. You may need to manually "
            "clean the data at location before retrying. Athena will not delete data in your account.",
        )
    kind = options.get("format", "parquet").lower()
    bound = _materialize(run, tree.expression, has_data=_has_data(tree))
    keys = [key.lower() for key in _list(options.get("partitioned_by"))]
    queries.check_named(bound)
    columns = bound.columns
    if keys and [column for column, _ in columns[-len(keys) :]] != keys:
        raise QueryFailedError(
            "HIVE_COLUMN_ORDER_MISMATCH", f"Partition keys must be the last columns in the table: {keys}"
        )
    table = Table(database, name, _table_input(name, columns, keys, location, kind, options))
    written, rows = _write(run, table, kind, location, options.get("write_compression", ""))
    catalogue.change_catalog("CreateTable", {"DatabaseName": database, "TableInput": table.record})
    _register(table, written)
    return Outcome(scanned_bytes=bound.scanned_bytes, written=written, rows_written=rows)


def insert(statement: Statement, run: Run) -> Outcome:
    """INSERT INTO: write files in the table's format at its location."""
    tree = statement.tree
    assert isinstance(tree, exp.Insert)  # noqa: S101 - for the type checker; `read` ensures it
    target = tree.this
    named = target.this if isinstance(target, exp.Schema) else target
    table = find_table(named.db or run.session.database, named.name)
    declared = [*table.columns, *table.keys]
    listed = [column.name.lower() for column in target.expressions] if isinstance(target, exp.Schema) else []
    wanted = listed or [name for name, _ in declared]
    bound = _materialize(run, tree.expression, has_data=True, names=wanted)
    _check_insert({name: from_hive(kind) for name, kind in declared}, wanted, [kind for _, kind in bound.columns])
    sources = {name: f'"{name}"' for name in wanted}
    casts = queries.casts(declared, sources)
    with queries.translated_errors():
        run.session.connection.execute(f"CREATE OR REPLACE TEMP TABLE outcome AS SELECT {casts} FROM outcome")  # noqa: S608
    kind = {"text": "textfile", "csv": "textfile"}.get(format_of(table), format_of(table))
    if kind not in ENDINGS:
        raise QueryFailedError("NOT_SUPPORTED", f"INSERT into tables of {kind} files is not done on the laptop")
    written, rows = _write(run, table, kind, table.location, "")
    _register(table, written)
    return Outcome(scanned_bytes=bound.scanned_bytes, written=written, rows_written=rows)


def unload(statement: Statement, run: Run) -> Outcome:
    """UNLOAD: write files at an empty location, without a table."""
    options = dict(
        re.findall(r"(\w+)\s*=\s*('[^']*'|ARRAY\s*\[[^\]]*\])", statement.parts["options"] or "", re.IGNORECASE)
    )
    options = {name.lower(): value.strip("'") for name, value in options.items()}
    location = (statement.parts["location"] or "").rstrip("/") + "/"
    if any(True for _ in objects.list_objects(*objects.split(location))):
        raise QueryFailedError("HIVE_PATH_ALREADY_EXISTS", f"Target directory already exists: {location}")
    kind = options.get("format", "parquet").lower()
    bound = _materialize(run, dialect.parse(statement.parts["query"] or ""), has_data=True)
    keys = [key.lower() for key in _list(options.get("partitioned_by"))]
    table = Table("", "", _table_input("", bound.columns, keys, location, kind, options))
    written, rows = _write(run, table, kind, location, options.get("compression", ""))
    return Outcome(scanned_bytes=bound.scanned_bytes, written=written, rows_written=rows)


def _check_insert(declared: dict[str, Type], wanted: list[str], given: list[Type]) -> None:
    """Refuse an INSERT whose columns are not those of the table in number or type."""
    table = [declared[name] for name in wanted]
    if len(table) == len(given) and all(map(_is_insertable, given, table)):
        return
    shown = f"Table: [{', '.join(map(str, table))}], Query: [{', '.join(map(str, given))}]"
    raise QueryFailedError("TYPE_MISMATCH", f"line 1:1: Insert query has mismatched column types: {shown}")


def _is_insertable(given: Type, wanted: Type) -> bool:
    return (given.is_text and wanted.is_text) or coerces(given, wanted)


def _materialize(run: Run, tree: exp.Expression, *, has_data: bool, names: list[str] | None = None) -> queries.Bound:
    """Run a query into the table ``outcome``, whose columns have the query's names or those given."""
    bound = queries.bind_query(run.session, tree)
    if names is not None and len(names) == len(bound.columns):
        bound = replace(bound, columns=[(name, kind) for name, (_, kind) in zip(names, bound.columns, strict=True)])
    limit = "" if has_data else " LIMIT 0"
    with queries.translated_errors():
        run.session.connection.execute(f"CREATE TEMP TABLE outcome AS SELECT * FROM ({queries.named(bound)}){limit}")  # noqa: S608
    return bound


def _write(run: Run, table: Table, kind: str, location: str, codec: str) -> tuple[list[str], int]:
    """Write ``outcome`` as one file per partition, and return the files' URIs and the number of rows."""
    connection = run.session.connection
    rows = connection.execute("SELECT count(*) FROM outcome").fetchone()
    keys = [name for name, _ in table.keys]
    partitions = connection.execute(f"SELECT DISTINCT {_identifiers(keys)} FROM outcome").fetchall() if keys else [()]  # noqa: S608
    data = _identifiers([name for name, _ in table.columns])
    bucket, prefix = objects.split(location)
    written = []
    for number, values in enumerate(partitions):
        texts = tuple("__HIVE_DEFAULT_PARTITION__" if value is None else str(value) for value in values)
        folder = "".join(f"{key}={quote(text, safe=' ')}/" for key, text in zip(keys, texts, strict=True))
        condition = " AND ".join(f'"{key}" IS NOT DISTINCT FROM ?' for key in keys) or "TRUE"
        with tempfile.TemporaryDirectory(dir=run.scratch) as scratch:
            path = Path(scratch) / f"{run.query_id}_{number:05d}{ENDINGS.get(kind, '')}"
            if not rows or not rows[0]:
                break
            query = f"SELECT {data} FROM outcome WHERE {condition}"  # noqa: S608 - names are the table's own
            connection.execute(f"COPY ({query}) TO '{path}' ({_copy_options(table, kind, codec)})", list(values))
            key = f"{prefix}{folder}{path.name}"
            objects.write(bucket, key, path.read_bytes())
            written.append(f"s3://{bucket}/{key}")
    return written, int(rows[0]) if rows else 0


def _copy_options(table: Table, kind: str, codec: str) -> str:
    if kind == "parquet":
        return f"FORMAT parquet, COMPRESSION {CODECS.get(codec.lower(), codec or 'SNAPPY')}"
    if kind == "json":
        return "FORMAT json"
    if kind == "textfile":
        serde = (table.record["StorageDescriptor"].get("SerdeInfo") or {}).get("Parameters") or {}
        delimiter = serde.get("field.delim", FIELD_DELIMITER)
        return f"FORMAT csv, HEADER false, DELIMITER '{delimiter}', QUOTE '', ESCAPE '', NULLSTR '\\N'"
    raise QueryFailedError(
        "NOT_SUPPORTED", f"{kind} files are not written on the laptop: PARQUET, JSON and TEXTFILE are"
    )


def _register(table: Table, written: list[str]) -> None:
    """Register the written partitions of a table without projection."""
    if not table.keys or projection.is_projected(table.parameters):
        return
    known = {tuple(partition["Values"]) for partition in glue._partitions.get(f"{table.database}/{table.name}", [])}
    storage = table.record["StorageDescriptor"]
    entries = []
    for uri in written:
        folder = uri.rpartition("/")[0] + "/"
        values = [part.partition("=")[2] for part in folder[len(table.location) :].rstrip("/").split("/")]
        if tuple(values) not in known:
            entries.append({"Values": values, "StorageDescriptor": {**storage, "Location": folder}})
    if entries:
        subject = {"DatabaseName": table.database, "TableName": table.name, "PartitionInputList": entries}
        catalogue.change_catalog("BatchCreatePartition", subject)


def _table_input(
    name: str, columns: list[tuple[str, Type]], keys: list[str], location: str, kind: str, options: dict[str, str]
) -> dict[str, object]:
    if kind not in SERDES:
        raise QueryFailedError(
            "NOT_SUPPORTED", f"{kind} files are not written on the laptop: PARQUET, JSON and TEXTFILE are"
        )
    serde, reads, writes = SERDES[kind]
    for column, column_type in columns:
        if to_hive(column_type) is None:
            raise QueryFailedError("NOT_SUPPORTED", f"Unsupported Hive type: {column_type} of column {column}")
    described = [{"Name": column, "Type": to_hive(column_type)} for column, column_type in columns]
    delimiter = options.get("field_delimiter")
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "has_encrypted_data": "false", "classification": kind},
        "PartitionKeys": [column for column in described if column["Name"] in keys],
        "StorageDescriptor": {
            "Columns": [column for column in described if column["Name"] not in keys],
            "Location": location,
            "InputFormat": reads,
            "OutputFormat": writes,
            "Compressed": False,
            "SerdeInfo": {
                "SerializationLibrary": serde,
                "Parameters": {"field.delim": delimiter} if delimiter else {"serialization.format": "1"},
            },
        },
    }


def _properties(tree: exp.Expression) -> dict[str, str]:
    """Return the properties of a CREATE TABLE's WITH (…)."""
    options: dict[str, str] = {}
    properties = tree.args.get("properties")
    for entry in properties.expressions if properties else []:
        if isinstance(entry, exp.FileFormatProperty):
            options["format"] = entry.this.name
        elif isinstance(entry, exp.PartitionedByProperty):
            options["partitioned_by"] = ",".join(value.name for value in entry.this.expressions)
        elif isinstance(entry, exp.Property) and isinstance(entry.args.get("value"), exp.Expression):
            options[entry.name.lower()] = entry.args["value"].name
    return options


def _has_data(tree: exp.Expression) -> bool:
    clause = tree.find(exp.WithDataProperty)
    return clause is None or not clause.args.get("no")


def _list(text: str | None) -> list[str]:
    return [part.strip().strip("'\"") for part in re.sub(r"^ARRAY\s*\[|\]$", "", text or "").split(",") if part.strip()]


def _identifiers(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
