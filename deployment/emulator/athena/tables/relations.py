"""Creates views in DuckDB over a table's files, with the columns and types of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployment.emulator.athena.errors import QueryFailedError
from deployment.emulator.athena.tables.hive_types import duckdb_type

if TYPE_CHECKING:
    import duckdb

    from deployment.emulator.athena.tables.table import Partition, Table

# Athena's hidden column with the object that a row came from.
PATH_COLUMN = "$path"


def create_relation(
    connection: duckdb.DuckDBPyConnection, name: str, table: Table, partitions: list[Partition], *, has_path: bool
) -> None:
    """Create a view over the objects of partitions; without objects it has the same columns and no rows.

    Parameters
    ----------
    has_path
        Whether the view has the column `PATH_COLUMN`, which ``*`` would show: only where the query names it.

    Raises
    ------
    QueryFailedError
        If the format of the files is not supported, or they cannot be read.
    """
    _create_files(connection, f"{name}_files", table, partitions)
    columns = [(column, duckdb_type(kind)) for column, kind in table.columns]
    keys = ", ".join(f'files."{key}"' for key, _ in table.keys)
    paths = [str(stored.path) for partition in partitions for stored in partition.files]
    if not paths:
        empty = ", ".join(f'CAST(NULL AS {kind}) AS "{column}"' for column, kind in columns)
        source, joined = f"(SELECT {empty or 'NULL AS nothing'}, NULL AS filename WHERE FALSE)", "TRUE"
        selected = ", ".join(f'data."{column}"' for column, _ in columns)
    else:
        source, selected = _reader(connection, table, columns, paths)
        joined = "data.filename = files.file"
    path = f'files.uri AS "{PATH_COLUMN}"' if has_path else ""
    listed = ", ".join(part for part in (selected, keys, path) if part)
    connection.execute(  # names and types are the catalogue's, paths the emulator's
        f'CREATE TEMP VIEW "{name}" AS SELECT {listed} FROM {source} AS data JOIN "{name}_files" AS files ON {joined}'  # noqa: S608
    )


def format_of(table: Table) -> str:
    """Return a table's format: ``parquet``, ``json``, ``csv`` (OpenCSVSerDe) or ``text``."""
    storage = table.record.get("StorageDescriptor") or {}
    serde = (storage.get("SerdeInfo") or {}).get("SerializationLibrary") or ""
    described = f"{serde} {storage.get('InputFormat', '')}".lower()
    for word, name in (("parquet", "parquet"), ("json", "json"), ("opencsv", "csv"), ("orc", "orc"), ("avro", "avro")):
        if word in described:
            return name
    return "text"


def _create_files(connection: duckdb.DuckDBPyConnection, name: str, table: Table, partitions: list[Partition]) -> None:
    keys = "".join(f', "{key}" {duckdb_type(kind)}' for key, kind in table.keys)
    connection.execute(f'CREATE TEMP TABLE "{name}" (file VARCHAR, uri VARCHAR{keys})')
    rows = [
        [str(stored.path), f"s3://{stored.bucket}/{stored.key}", *partition.values]
        for partition in partitions
        for stored in partition.files
    ]
    if rows:
        places = ", ".join("?" for _ in rows[0])
        connection.executemany(f'INSERT INTO "{name}" VALUES ({places})', rows)  # noqa: S608 - the name is made here


def _reader(
    connection: duckdb.DuckDBPyConnection, table: Table, columns: list[tuple[str, str]], paths: list[str]
) -> tuple[str, str]:
    """Return the FROM source and the SELECT list."""
    files = "[" + ", ".join(_text(path) for path in paths) + "]"
    kind = format_of(table)
    if kind == "parquet":
        return _parquet(connection, files, columns)
    if kind == "json":
        return _json(table, files, columns)
    if kind in {"csv", "text"}:
        return _delimited(table, kind, files, columns)
    raise QueryFailedError("NOT_SUPPORTED", f"Tables of {kind} files are not supported on the laptop")


def _parquet(connection: duckdb.DuckDBPyConnection, files: str, columns: list[tuple[str, str]]) -> tuple[str, str]:
    source = f"read_parquet({files}, union_by_name = true, filename = true, hive_partitioning = false)"
    present = {
        name.lower(): name
        for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()  # noqa: S608
    }
    # A column that the files lack is null: it may have been added to the table after they were written.
    selected = ", ".join(
        f'CAST(data."{present[column]}" AS {kind}) AS "{column}"'
        if column in present
        else f'CAST(NULL AS {kind}) AS "{column}"'
        for column, kind in columns
    )
    return source, selected


def _json(table: Table, files: str, columns: list[tuple[str, str]]) -> tuple[str, str]:
    serde = (table.record["StorageDescriptor"].get("SerdeInfo") or {}).get("Parameters") or {}
    ignores = str(serde.get("ignore.malformed.json", "false")).lower()
    # Times are read as text first: the SerDe accepts RFC 3339 with an offset and converts it to UTC.
    declared = ", ".join(
        f"{_text(column)}: {_text('VARCHAR' if kind == 'TIMESTAMP' else kind)}" for column, kind in columns
    )
    source = (
        f"read_json({files}, format = 'newline_delimited', columns = {{{declared}}}, filename = true, "
        f"ignore_errors = {ignores}, hive_partitioning = false)"
    )
    selected = ", ".join(
        f'CAST(CAST(data."{column}" AS TIMESTAMPTZ) AS TIMESTAMP) AS "{column}"'
        if kind == "TIMESTAMP"
        else f'data."{column}"'
        for column, kind in columns
    )
    return source, selected


def _delimited(table: Table, kind: str, files: str, columns: list[tuple[str, str]]) -> tuple[str, str]:
    serde = (table.record["StorageDescriptor"].get("SerdeInfo") or {}).get("Parameters") or {}
    if kind == "csv":
        delimiter, quote = serde.get("separatorChar", ","), serde.get("quoteChar", '"')
    else:
        # Hive separates with Ctrl-A by default, and does not quote.
        delimiter, quote = serde.get("field.delim", "\x01"), ""
    skip = int(table.parameters.get("skip.header.line.count", 0))
    raw = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(columns)))
    source = (
        f"read_csv({files}, auto_detect = false, header = false, skip = {skip}, delim = {_text(delimiter)}, "
        f"quote = {_text(quote)}, escape = {_text(quote)}, columns = {{{raw}}}, null_padding = true, "
        "strict_mode = false, filename = true, hive_partitioning = false)"
    )
    selected = ", ".join(
        f"TRY_CAST(NULLIF(data.c{index}, '\\N') AS {kind}) AS \"{column}\""
        for index, (column, kind) in enumerate(columns)
    )
    return source, selected


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
