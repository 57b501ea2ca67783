"""Selects partitions by a condition over their values; DuckDB evaluates it with types and functions."""

from __future__ import annotations

import duckdb
import sqlglot
from sqlglot import exp

# Hive's types of partition columns (Glue and Athena use the same names) in DuckDB.
TYPES = {
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "double": "DOUBLE",
    "float": "FLOAT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "smallint": "SMALLINT",
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "tinyint": "TINYINT",
}


class UnreadableFilterError(Exception):
    """The condition cannot be evaluated over the partition columns."""


def matching_rows(columns: list[tuple[str, str]], rows: list[list[str]], condition: str) -> list[int]:
    """Return the indices of the partitions that a condition in Athena's or Glue's SQL selects.

    Parameters
    ----------
    columns
        Name and Hive type of each partition column.
    rows
        Values of each partition, as text, in the columns' order.
    condition
        The text after WHERE.

    Raises
    ------
    UnreadableFilterError
        If the condition is not SQL or names another column.
    """
    if not rows:
        return []
    try:
        parsed = sqlglot.parse_one(condition, read="athena", into=exp.Condition)
    except sqlglot.errors.ParseError as error:
        raise UnreadableFilterError(str(error).splitlines()[0]) from error
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return rows_where(columns, rows, parsed.sql(dialect="duckdb"), connection)


def rows_where(
    columns: list[tuple[str, str]], rows: list[list[str]], condition: str, connection: duckdb.DuckDBPyConnection
) -> list[int]:
    """Return the indices of the partitions that a condition in DuckDB's SQL selects.

    Raises `UnreadableFilterError` where DuckDB rejects the condition.
    """
    typed = ", ".join(
        f'TRY_CAST(row[{position}] AS {TYPES.get(kind.partition("(")[0].lower(), "VARCHAR")}) AS "{name}"'
        for position, (name, kind) in enumerate(columns, start=1)
    )
    query = (
        f"SELECT index FROM (SELECT index, {typed} FROM "  # noqa: S608 - names are the table's own
        "(SELECT unnest($rows) AS row, unnest(range(len($rows))) AS index)) "
        f"WHERE {condition} ORDER BY index"
    )
    try:
        return [int(index) for (index,) in connection.execute(query, {"rows": rows}).fetchall()]
    except duckdb.Error as error:
        raise UnreadableFilterError(str(error).splitlines()[0]) from error
