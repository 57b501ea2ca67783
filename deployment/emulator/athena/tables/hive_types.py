"""Maps types between the Glue catalogue (Hive's names), DuckDB, and Athena's results."""

from __future__ import annotations

import re

SIMPLE = {
    "bigint": "BIGINT",
    "binary": "BLOB",
    "boolean": "BOOLEAN",
    "char": "VARCHAR",
    "date": "DATE",
    "double": "DOUBLE",
    "float": "FLOAT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "smallint": "SMALLINT",
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "tinyint": "TINYINT",
    "varchar": "VARCHAR",
}
# Sums of integers are bigint, Trino's widest integer type.
RESULT_NAMES = {
    "BLOB": "varbinary",
    "HUGEINT": "bigint",
    "UBIGINT": "bigint",
    "UHUGEINT": "bigint",
    "UINTEGER": "bigint",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "INTERVAL": "interval day to second",
    '"NULL"': "unknown",
}
HIVE_NAMES = {"VARCHAR": "string", "INTEGER": "int", "BLOB": "binary", "HUGEINT": "bigint", "UBIGINT": "bigint"}


def duckdb_type(hive_type: str) -> str:
    """Return DuckDB's name of a Hive type, nested types included; a ValueError if it is not a Hive type."""
    text = hive_type.strip()
    base, bracket, rest = text.partition("<")
    base = base.strip().lower()
    if bracket:
        inner = split_outside(rest[: rest.rindex(">")], ",")
        if base == "array":
            return f"{duckdb_type(inner[0])}[]"
        if base == "map":
            return f"MAP({duckdb_type(inner[0])}, {duckdb_type(inner[1])})"
        fields = (split_outside(field, ":") for field in inner)
        members = ", ".join(f'"{name.strip()}" {duckdb_type(":".join(kind))}' for name, *kind in fields)
        return f"STRUCT({members})"
    name = base.partition("(")[0]
    if name == "decimal":
        return text.upper() if "(" in text else "DECIMAL(10, 0)"
    if name not in SIMPLE:
        raise ValueError(f"{hive_type} is not a type of the Glue catalogue")
    return SIMPLE[name]


def result_type(duckdb_name: str) -> str:
    """Return Athena's ColumnInfo type for a DuckDB type."""
    name = duckdb_name.upper()
    if name.endswith("]"):
        return "array"
    if name.startswith("STRUCT"):
        return "row"
    if name.startswith("MAP"):
        return "map"
    return RESULT_NAMES.get(name, name.partition("(")[0].lower())


def hive_type(duckdb_name: str) -> str:
    """Return the Hive type for a column of a DuckDB result."""
    name = duckdb_name
    if name.endswith("[]"):
        return f"array<{hive_type(name[:-2])}>"
    if name.upper().startswith("MAP("):
        key, value = split_outside(name[4:-1], ",")
        return f"map<{hive_type(key.strip())},{hive_type(value.strip())}>"
    if name.upper().startswith("STRUCT("):
        members = (re.match(r'\s*"?([^"\s]+)"?\s+(.*)', field) for field in split_outside(name[7:-1], ","))
        return f"struct<{','.join(f'{member[1]}:{hive_type(member[2])}' for member in members if member)}>"
    upper = name.upper()
    if upper.startswith("DECIMAL"):
        return upper.lower().replace(" ", "")
    return "timestamp" if upper.startswith("TIMESTAMP") else HIVE_NAMES.get(upper, upper.lower())


def split_outside(text: str, separator: str) -> list[str]:
    """Split at separators outside of brackets."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += (character in "<([") - (character in ">)]")
        if character == separator and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]
