"""Results in Athena's formats: the CSV or text object, and the rows that GetQueryResults reads from it.

As on AWS, the object is the only copy of a result: GetQueryResults reads it, after a restart, too.
"""

from __future__ import annotations

import io
import json
import re
import struct
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from deployment.emulator.athena.dialect.runtime.doubles import java_text
from deployment.emulator.athena.dialect.types import SEVERAL_ZONES, ZONED, Type, offset_minutes
from deployment.emulator.athena.errors import QueryFailedError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable

    import duckdb

BATCH_ROWS = 10_000
# API_ColumnInfo: the precision of types.
PRECISION = {"bigint": 19, "decimal": 38, "double": 17, "float": 17, "integer": 10, "smallint": 5, "timestamp": 3,
             "tinyint": 3, "varbinary": 1073741824, "varchar": 2147483647}  # fmt: skip
CSV_FIELD = re.compile(r'("(?:[^"]|"")*")?(,|\n)')


@dataclass(frozen=True)
class Result:
    """The result of a statement: columns with their types in Athena's names, and rows of text with None for NULL."""

    columns: list[tuple[str, str]]
    rows: list[list[str | None]]

    def as_csv(self) -> bytes:
        """Return the object of a query: a header, quoted values, and nothing between the commas for NULL."""
        out = io.StringIO()
        out.write(",".join(_quoted(name) for name, _ in self.columns) + "\n")
        for row in self.rows:
            out.write(",".join("" if value is None else _quoted(value) for value in row) + "\n")
        return out.getvalue().encode()

    def as_text(self) -> bytes:
        """Return the object of a statement other than a query: values separated by tabs, no header."""
        return "".join("\t".join(value or "" for value in row) + "\n" for row in self.rows).encode()


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, columns: list[tuple[str, Type]]) -> Result:
    """Run DuckDB's SQL and return the result as text, printed by the columns' types."""
    kinds = [kind for _, kind in columns]
    rows = []
    for batch in connection.sql(sql).to_arrow_reader(BATCH_ROWS):
        cells = [column.to_pylist() for column in batch.columns]
        rows += [
            [None if value is None else text_of(value, kind) for value, kind in zip(row, kinds, strict=True)]
            for row in zip(*cells, strict=True)
        ]
    return Result([(name, _shown_type(kind)) for name, kind in columns], rows)


def text_of(value: Any, kind: Type) -> str:
    """Return a value as Athena prints it."""
    if kind.name == "array":
        return "[" + ", ".join(_nested(item, kind.parts[0]) for item in value) + "]"
    if kind.name == "map":
        # Arrow returns a map as pairs.
        return (
            "{"
            + ", ".join(f"{_nested(key, kind.parts[0])}={_nested(item, kind.parts[1])}" for key, item in value)
            + "}"
        )
    if kind.name == "row":
        members = zip(kind.member_names, value.values(), kind.parts, strict=True)
        return "{" + ", ".join(f"{name}={_nested(item, part)}" for name, item, part in members) + "}"
    printer = _PRINTERS.get(kind.name)
    return printer(value, kind) if printer else str(value)


def parse_csv(content: bytes) -> list[list[str | None]]:
    """Parse a result object; an empty field without quotes is NULL."""
    rows: list[list[str | None]] = []
    row: list[str | None] = []
    for value, end in CSV_FIELD.findall(content.decode()):
        row.append(value[1:-1].replace('""', '"') if value else None)
        if end == "\n":
            rows.append(row)
            row = []
    return rows


def parse_text(content: bytes) -> list[list[str | None]]:
    """Parse the object of a statement other than a query."""
    return [list(line.split("\t")) for line in content.decode().splitlines()]


def metadata(columns: list[tuple[str, str]]) -> bytes:
    """Return the metadata object of a result as JSON, since Athena's own format is binary and undocumented."""
    return json.dumps(column_info(columns)).encode()


def column_info(columns: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return the ColumnInfo of columns."""
    described = []
    for name, kind in columns:
        base, _, digits = kind.partition("(")
        precision, scale = PRECISION.get(base, 0), 0
        if digits:
            precision, scale = (int(part) for part in digits.rstrip(")").split(","))
        described.append(
            {
                "CatalogName": "hive",
                "SchemaName": "",
                "TableName": "",
                "Name": name,
                "Label": name,
                "Type": base,
                "Precision": precision,
                "Scale": scale,
                "Nullable": "UNKNOWN",
                "CaseSensitive": base in {"varchar", "char", "json"},
            }
        )
    return described


def _shown_type(kind: Type) -> str:
    """Return the type that ColumnInfo has: without parameters, but for a decimal."""
    if kind.name == "decimal":
        return str(kind)
    return kind.name


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _shortest_single(value: float) -> float:
    for digits in range(6, 10):
        short = float(f"{value:.{digits}g}")
        if struct.pack("f", short) == struct.pack("f", value):
            return short
    return value


def _timestamp(value: dt.datetime, kind: Type) -> str:
    """Print a timestamp with its type's digits, and at least three, as Athena's results have."""
    if kind.name == ZONED:
        if kind.zone == SEVERAL_ZONES:
            raise QueryFailedError("NOT_SUPPORTED", "values in several time zones are not supported on the laptop")
        minutes = offset_minutes(kind.zone)
        value = value.astimezone(ZoneInfo(kind.zone) if minutes is None else timezone(timedelta(minutes=minutes)))
    digits = max(kind.parameters[0], 3)
    text = value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")[: 20 + digits]
    return f"{text} {kind.zone}" if kind.name == ZONED else text


def _nested(value: Any, kind: Type) -> str:
    return "null" if value is None else text_of(value, kind)


_PRINTERS: dict[str, Callable[[Any, Type], str]] = {
    "boolean": lambda value, _kind: "true" if value else "false",
    "decimal": lambda value, _kind: format(value, "f"),
    "double": lambda value, _kind: java_text(value),
    "real": lambda value, _kind: java_text(_shortest_single(value)),
    "time": lambda value, kind: value.isoformat("microseconds")[: 9 + max(kind.parameters[0], 3)],
    "timestamp": _timestamp,
    ZONED: _timestamp,
    "varbinary": lambda value, _kind: value.hex(" "),
}
