"""Trino's types: their names, the coercions between them, and the DuckDB types that hold their values.

https://trino.io/docs/current/language/types.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlglot import exp

from deployment.emulator.athena.tables.hive_types import split_outside

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
# The digits of each integer type where it meets a decimal.
DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
MAX_PRECISION = 38
ZONED = "timestamp with time zone"
DAY_TIME, YEAR_MONTH = "interval day to second", "interval year to month"
SEVERAL_ZONES = ""
"""The zone of values that are in different zones, which can be compared but not shown."""
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})?")


@dataclass(frozen=True)
class Type:
    """A type of Trino.

    Parameters
    ----------
    parameters
        The length of a varchar (none: unbounded), precision and scale of a decimal, precision of a timestamp.
    parts
        The types of an array's elements, a map's keys and values, or a row's fields.
    fields
        The names of a row's fields, None for a field without one.
    zone
        The time zone in which a timestamp with time zone is shown; it is no part of the type.
    """

    name: str
    parameters: tuple[int, ...] = ()
    parts: tuple[Type, ...] = ()
    fields: tuple[str | None, ...] = ()
    zone: str = field(default="UTC", compare=False)

    def __str__(self) -> str:
        if self.name == "row":
            members = zip(self.fields, self.parts, strict=True)
            return f"row({', '.join(f'{name} {part}' if name else str(part) for name, part in members)})"
        if self.parts:
            return f"{self.name}({', '.join(map(str, self.parts))})"
        if self.name == ZONED:
            return f"timestamp({self.parameters[0]}) with time zone"
        return f"{self.name}({','.join(map(str, self.parameters))})" if self.parameters else self.name

    @property
    def is_integer(self) -> bool:
        """Whether it is one of the integer types."""
        return self.name in INTEGERS

    @property
    def is_floating(self) -> bool:
        """Whether it is real or double."""
        return self.name in {"real", "double"}

    @property
    def is_numeric(self) -> bool:
        """Whether arithmetic takes it."""
        return self.is_integer or self.is_floating or self.name == "decimal"

    @property
    def is_text(self) -> bool:
        """Whether it is varchar or char."""
        return self.name in {"varchar", "char"}

    @property
    def is_orderable(self) -> bool:
        """Whether its values have an order."""
        return self.name not in {"map", "json", "function"} and all(part.is_orderable for part in self.parts)

    @property
    def member_names(self) -> tuple[str, ...]:
        """The names of a row's fields in DuckDB and in results."""
        return tuple(name or f"field{position}" for position, name in enumerate(self.fields))


BOOLEAN, INTEGER, BIGINT, REAL, DOUBLE = (Type(name) for name in ("boolean", "integer", "bigint", "real", "double"))
VARCHAR, VARBINARY, JSON, DATE, UNKNOWN = (Type(name) for name in ("varchar", "varbinary", "json", "date", "unknown"))
TIMESTAMP, TIMESTAMP_ZONED = Type("timestamp", (3,)), Type(ZONED, (3,))

_MOMENTS = ("date", "timestamp", ZONED)
_DUCKDB = {
    "bigint": "BIGINT", "boolean": "BOOLEAN", "char": "VARCHAR", "date": "DATE", "double": "DOUBLE",
    "integer": "INTEGER", DAY_TIME: "INTERVAL", YEAR_MONTH: "INTERVAL", "json": "VARCHAR", "real": "FLOAT",
    "smallint": "SMALLINT", "time": "TIME", "timestamp": "TIMESTAMP", ZONED: "TIMESTAMPTZ", "tinyint": "TINYINT",
    "unknown": "INTEGER", "varbinary": "BLOB", "varchar": "VARCHAR",
}  # fmt: skip
_HIVE = {"string": "varchar", "int": "integer", "float": "real", "binary": "varbinary"}
_PARSED = {
    "BIGINT": "bigint", "BOOLEAN": "boolean", "CHAR": "char", "DATE": "date", "DECIMAL": "decimal", "DOUBLE": "double",
    "FLOAT": "real", "INT": "integer", "JSON": "json", "SMALLINT": "smallint", "TIME": "time",
    "TIMESTAMP": "timestamp", "TIMESTAMPTZ": ZONED, "TINYINT": "tinyint", "VARBINARY": "varbinary",
    "VARCHAR": "varchar",
}  # fmt: skip
# What a query may call a type; ``float`` is of DDL only: https://docs.aws.amazon.com/athena/latest/ug/data-types.html.
WRITTEN = {
    "array", "bigint", "boolean", "char", "date", "dec", "decimal", "double", "double precision", "int", "integer",
    "json", "map", "numeric", "real", "row", "smallint", "time", "timestamp", "tinyint", "varbinary", "varchar",
}  # fmt: skip
_DEFAULTS = {"decimal": (MAX_PRECISION, 0), "char": (1,), "timestamp": (3,), ZONED: (3,), "time": (3,)}


def array(element: Type) -> Type:
    """Return the type of arrays of an element type."""
    return Type("array", (), (element,))


def map_of(key: Type, value: Type) -> Type:
    """Return the type of maps."""
    return Type("map", (), (key, value))


def row_of(parts: list[Type]) -> Type:
    """Return the type of a row whose fields have no names."""
    return Type("row", (), tuple(parts), (None,) * len(parts))


def decimal(precision: int, scale: int) -> Type:
    """Return a decimal type of at most 38 digits."""
    return Type("decimal", (max(1, min(precision, MAX_PRECISION)), min(scale, MAX_PRECISION)))


def duckdb_name(kind: Type) -> str:
    """Return the DuckDB type that holds a type's values."""
    if kind.name == "decimal":
        return "DECIMAL({}, {})".format(*kind.parameters)
    if kind.name == "array":
        return f"{duckdb_name(kind.parts[0])}[]"
    if kind.name == "map":
        return f"MAP({duckdb_name(kind.parts[0])}, {duckdb_name(kind.parts[1])})"
    if kind.name == "row":
        members = zip(kind.member_names, kind.parts, strict=True)
        return f"STRUCT({', '.join(f'{quoted(name)} {duckdb_name(part)}' for name, part in members)})"
    return _DUCKDB[kind.name]


def offset_minutes(zone: str) -> int | None:
    """Return the minutes east of UTC of a zone that is an offset such as ``+02:00``; None for a zone with a name."""
    match = _OFFSET.fullmatch(zone)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return -minutes if match[1] == "-" else minutes


def zone_of(text: str) -> str:
    """Return the name that Trino gives to a zone: ``+0200`` is ``+02:00``, ``Z`` and ``+00:00`` are ``UTC``."""
    minutes = 0 if text == "Z" else offset_minutes(text)
    if minutes is None:
        return text
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}" if minutes else "UTC"


def quoted(name: str) -> str:
    """Return an identifier as DuckDB quotes it."""
    return '"' + name.replace('"', '""') + '"'


def from_hive(text: str) -> Type:
    """Return the type of a column of the Glue catalogue, which has Hive's names."""
    base, bracket, rest = text.strip().partition("<")
    base = base.strip().lower()
    if bracket:
        inner = split_outside(rest[: rest.rindex(">")], ",")
        if base == "array":
            return array(from_hive(inner[0]))
        if base == "map":
            return map_of(from_hive(inner[0]), from_hive(inner[1]))
        members = [(member.strip().partition(":")) for member in inner]
        return Type(
            "row", (), tuple(from_hive(kind) for _, _, kind in members), tuple(name.strip() for name, _, _ in members)
        )
    name, bracket, digits = base.partition("(")
    parameters = tuple(int(part) for part in digits.rstrip(")").split(",")) if bracket else ()
    if name == "decimal":
        return Type("decimal", (*(parameters or (10, 0)), 0)[:2])
    return Type(_HIVE.get(name, name), parameters or _DEFAULTS.get(name, ()))


def to_hive(kind: Type) -> str | None:
    """Return the catalogue's name of a type, or None if tables cannot have columns of it."""
    if kind.parts:
        parts = [to_hive(part) for part in kind.parts]
        if None in parts:
            return None
        if kind.name == "row":
            return f"struct<{','.join(f'{name}:{part}' for name, part in zip(kind.member_names, parts, strict=True))}>"
        return f"{kind.name}<{','.join(part for part in parts if part)}>"
    if kind.name == "timestamp":
        return "timestamp"
    if kind.name == "varchar" and kind.parameters:
        return str(kind)
    names = {trino: hive for hive, trino in _HIVE.items()}
    is_storable = kind.name in {*names, "bigint", "boolean", "char", "date", "decimal", "double", "smallint", "tinyint"}
    return names.get(kind.name, str(kind)) if is_storable else None


def from_parsed(kind: exp.DataType) -> Type | None:
    """Return the type that a query writes, for example in a CAST; None if Trino has no type of that name."""
    name = getattr(kind.this, "name", str(kind.this)) if kind.meta.get("written", "row") in WRITTEN else ""
    inner = kind.expressions
    if name in {"ARRAY", "MAP"}:
        parts = [from_parsed(part) for part in inner]
        return None if None in parts or not parts else Type(name.lower(), (), tuple(part for part in parts if part))
    if name == "STRUCT":
        members = [
            (part.name, part.args["kind"]) if isinstance(part, exp.ColumnDef) else (None, part) for part in inner
        ]
        types = [from_parsed(part) for _, part in members]
        return None if None in types else Type("row", (), tuple(t for t in types if t), tuple(n for n, _ in members))
    if name not in _PARSED or not all(part.name.isdecimal() for part in inner):
        return None
    parameters = tuple(int(part.name) for part in inner)
    if name == "DECIMAL":
        return Type("decimal", (*(parameters or (MAX_PRECISION, 0)), 0)[:2])
    return Type(_PARSED[name], parameters or _DEFAULTS.get(_PARSED[name], ()))


def common_type(left: Type, right: Type) -> Type | None:
    """Return the type to which both types are coerced, or None if there is none."""
    if (left == right and left.zone == right.zone) or right.name == "unknown":
        return left
    if left.name == "unknown":
        return right
    if left.is_numeric and right.is_numeric:
        return _common_number(left, right)
    if left.is_text and right.is_text:
        lengths = left.parameters + right.parameters
        length = (max(lengths),) if len(lengths) == 2 else ()
        return Type("char" if left.name == right.name == "char" else "varchar", length)
    if {left.name, right.name} <= set(_MOMENTS):
        latest = max(left, right, key=lambda kind: _MOMENTS.index(kind.name))
        zone = left.zone if left.zone == right.zone else SEVERAL_ZONES
        return Type(latest.name, (max(left.parameters + right.parameters),), zone=zone)
    return _common_of_name(left, right)


def _common_of_name(left: Type, right: Type) -> Type | None:
    if left.name == right.name == "time":
        return max(left, right, key=lambda kind: kind.parameters)
    if left.name != right.name or not left.parts or len(left.parts) != len(right.parts):
        return None
    parts = [common_type(mine, other) for mine, other in zip(left.parts, right.parts, strict=True)]
    names = tuple(mine if mine == other else None for mine, other in zip(left.fields, right.fields, strict=True))
    return None if None in parts else Type(left.name, (), tuple(part for part in parts if part), names)


def coerces(actual: Type, wanted: Type) -> bool:
    """Return whether a value is coerced to a type without a CAST."""
    if wanted.name == "varchar" and actual.is_text:
        return not wanted.parameters or (bool(actual.parameters) and actual.parameters[0] <= wanted.parameters[0])
    return common_type(actual, wanted) == wanted


def _common_number(left: Type, right: Type) -> Type:
    for name in ("double", "real"):
        if name in {left.name, right.name}:
            return Type(name)
    if left.is_integer and right.is_integer:
        return max(left, right, key=lambda kind: INTEGERS.index(kind.name))
    (whole, scale), (other_whole, other_scale) = (_whole_and_scale(kind) for kind in (left, right))
    return decimal(max(whole, other_whole) + max(scale, other_scale), max(scale, other_scale))


def as_decimal(kind: Type) -> Type:
    """Return the decimal type that holds a number of an integer or decimal type."""
    return Type("decimal", (DIGITS[kind.name], 0)) if kind.is_integer else kind


def _whole_and_scale(kind: Type) -> tuple[int, int]:
    precision, scale = as_decimal(kind).parameters
    return precision - scale, scale
