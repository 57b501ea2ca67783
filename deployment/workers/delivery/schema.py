"""Parses Hive column types of a Glue table into the Arrow types that Parquet is written with."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa

_PRIMITIVES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ns"),
}

_PARAMETERS = re.compile(r"(varchar|char|decimal)\s*\(([\d\s,]+)\)")


class UnknownTypeError(ValueError):
    """A column type that Hive does not have, or that is not converted."""


@dataclass(frozen=True)
class HiveType:
    """A column's type.

    Parameters
    ----------
    name
        A primitive's name, ``decimal``, ``array``, ``map`` or ``struct``.
    parts
        Element type of an array, key and value type of a map, field types of a struct.
    """

    name: str
    arrow: pa.DataType
    parts: tuple[HiveType, ...] = ()
    fields: tuple[str, ...] = ()


def parse_type(written: str) -> HiveType:
    """Parse a column type of a Glue table, for example ``array<struct<id:string,price:decimal(10,2)>>``.

    Raises `UnknownTypeError` where it is not one.
    """
    text = written.strip()
    lower = text.lower()
    if lower in _PRIMITIVES:
        return HiveType(lower, _PRIMITIVES[lower])
    if match := _PARAMETERS.fullmatch(lower):
        return _with_parameters(match.group(1), [int(number) for number in match.group(2).split(",")])
    if lower == "decimal":
        return _with_parameters("decimal", [10, 0])
    for name in ("array", "map", "struct"):
        if lower.startswith(f"{name}<") and lower.endswith(">"):
            return _nested(name, _split(text[len(name) + 1 : -1]))
    raise UnknownTypeError(f"{written!r} is not a column type that JSON is converted to")


def _with_parameters(name: str, numbers: list[int]) -> HiveType:
    if name == "decimal":
        return HiveType("decimal", pa.decimal128(*numbers))
    return HiveType("string", pa.string())


def _nested(name: str, inner: list[str]) -> HiveType:
    if name == "array" and len(inner) == 1:
        element = parse_type(inner[0])
        return HiveType("array", pa.list_(element.arrow), (element,))
    if name == "map" and len(inner) == 2:
        key, value = (parse_type(part) for part in inner)
        return HiveType("map", pa.map_(key.arrow, value.arrow), (key, value))
    if name == "struct" and all(":" in part for part in inner):
        names = tuple(part.partition(":")[0].strip() for part in inner)
        types = tuple(parse_type(part.partition(":")[2]) for part in inner)
        arrow = pa.struct([(field, type_.arrow) for field, type_ in zip(names, types, strict=True)])
        return HiveType("struct", arrow, types, names)
    raise UnknownTypeError(f"{name}<{','.join(inner)}> is not a column type")


def _split(inner: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, character in enumerate(inner):
        depth += (character in "<(") - (character in ">)")
        if character == "," and depth == 0:
            parts.append(inner[start:at])
            start = at + 1
    return [*parts, inner[start:]]
