"""Maps types of the Glue catalogue (Hive's names) to DuckDB's."""

from __future__ import annotations

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


def split_outside(text: str, separator: str) -> list[str]:
    """Split at separators outside of brackets."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += (character in "<([") - (character in ">)]")
        if character == separator and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]
