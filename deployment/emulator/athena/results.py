"""Results in Athena's formats: the CSV or text object, and the rows that GetQueryResults reads from it.

As on AWS, the object is the only copy of a result: GetQueryResults reads it, after a restart, too.
"""

from __future__ import annotations

import datetime as dt
import decimal
import io
import json
import math
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployment.emulator.athena.tables.hive_types import result_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

BATCH_ROWS = 10_000
# API_ColumnInfo: the precision of types.
PRECISION = {"bigint": 19, "decimal": 38, "double": 17, "float": 17, "integer": 10, "smallint": 5, "timestamp": 3,
             "tinyint": 3, "varbinary": 1073741824, "varchar": 2147483647}  # fmt: skip
CSV_FIELD = re.compile(r'("(?:[^"]|"")*")?(,|\n)')
# java.lang.Double.toString uses an exponent outside of these bounds.
PLAIN_FROM, PLAIN_BELOW = 1e-3, 1e7


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


def fetch(connection: duckdb.DuckDBPyConnection, sql: str) -> Result:
    """Run DuckDB's SQL and return the result as text."""
    relation = connection.sql(sql)
    names, kinds = [name.lower() for name in relation.columns], [str(kind) for kind in relation.types]
    is_real = [kind == "FLOAT" for kind in kinds]
    rows = []
    for batch in relation.to_arrow_reader(BATCH_ROWS):
        columns = [column.to_pylist() for column in batch.columns]
        rows += [
            [None if value is None else text_of(value, is_real=real) for value, real in zip(row, is_real, strict=True)]
            for row in zip(*columns, strict=True)
        ]
    types = [_with_scale(kind) for kind in kinds]
    return Result(list(zip(names, types, strict=True)), rows)


def text_of(value: Any, *, is_real: bool = False) -> str:
    """Return a value as Athena prints it."""
    printer = next((printer for kind, printer in _PRINTERS if isinstance(value, kind)), str)
    if is_real and isinstance(value, float):
        return java_number(_shortest_single(value))
    return printer(value)


def java_number(value: float) -> str:
    """Return a double as ``java.lang.Double.toString`` does."""
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value == 0 or PLAIN_FROM <= abs(value) < PLAIN_BELOW:
        return format(decimal.Decimal(repr(value)), "f") if value else repr(value)
    sign, digits, exponent = decimal.Decimal(repr(value)).normalize().as_tuple()
    power = len(digits) + int(exponent) - 1
    rest = "".join(str(digit) for digit in digits[1:]) or "0"
    return f"{'-' if sign else ''}{digits[0]}.{rest}E{power}"


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


def _with_scale(kind: str) -> str:
    return kind.lower().replace(" ", "") if kind.upper().startswith("DECIMAL") else result_type(kind)


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _shortest_single(value: float) -> float:
    for digits in range(6, 10):
        short = float(f"{value:.{digits}g}")
        if struct.pack("f", short) == struct.pack("f", value):
            return short
    return value


def _timestamp(value: dt.datetime) -> str:
    text = value.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
    return f"{text} UTC" if value.tzinfo else text


def _list(value: list[Any]) -> str:
    # Arrow returns a map as pairs.
    if value and all(isinstance(item, tuple) for item in value):
        return "{" + ", ".join(f"{_nested(key)}={_nested(item)}" for key, item in value) + "}"
    return "[" + ", ".join(_nested(item) for item in value) + "]"


def _nested(value: Any) -> str:
    return "null" if value is None else text_of(value)


_PRINTERS: tuple[tuple[type, Any], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (float, java_number),
    (decimal.Decimal, lambda value: format(value, "f")),
    (dt.datetime, _timestamp),
    (bytes, lambda value: value.hex(" ")),
    (list, _list),
    (dict, lambda value: "{" + ", ".join(f"{name}={_nested(item)}" for name, item in value.items()) + "}"),
)
