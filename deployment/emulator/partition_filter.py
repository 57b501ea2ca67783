"""Which partitions a condition over their values selects, decided by DuckDB so that types and functions count."""

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


class UnreadableFilter(Exception):  # noqa: N818 - reads as what the expression is
    """The condition cannot be evaluated over these partitions."""


def matching_rows(columns: list[tuple[str, str]], rows: list[list[str]], condition: str) -> list[int]:
    """Return the indices of the partitions that a condition in Athena's or Glue's SQL selects.

    Parameters
    ----------
    columns
        Name and Hive type of each partition column.
    rows
        Values of each partition, as text, in the columns' order.
    condition
        What stands after WHERE.

    Raises
    ------
    UnreadableFilter
        If the condition is no SQL or names a column that is none of these.
    """
    if not rows:
        return []
    try:
        parsed = sqlglot.parse_one(condition, read="athena", into=exp.Condition)
    except sqlglot.errors.ParseError as error:
        raise UnreadableFilter(str(error).splitlines()[0]) from error
    return rows_where(columns, rows, parsed.sql(dialect="duckdb"))


def rows_where(columns: list[tuple[str, str]], rows: list[list[str]], condition: str) -> list[int]:
    """Return the indices of the partitions that a condition in DuckDB's SQL selects.

    Raises
    ------
    UnreadableFilter
        If DuckDB refuses the condition.
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
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        try:
            return [int(index) for (index,) in connection.execute(query, {"rows": rows}).fetchall()]
        except duckdb.Error as error:
            raise UnreadableFilter(str(error).splitlines()[0]) from error
