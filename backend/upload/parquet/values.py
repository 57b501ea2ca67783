"""Columns of Parquet as the values that the same record has in JSON lines."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import types

from backend.upload.cells import read_object

if TYPE_CHECKING:
    from collections.abc import Collection

Reader = Callable[[Any], list[Any]]
"""Converts an Arrow array to values that msgspec encodes; `INVALID` stands for text that is not UTF-8."""

INVALID = object()

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the offset is appended, so that no time zone needs to be looked up
_PER_SECOND = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}
_PLAIN = (
    types.is_boolean,
    types.is_integer,
    types.is_floating,
    types.is_decimal,
    types.is_null,
    types.is_date,
)
_TEXT = (
    types.is_string,
    types.is_large_string,
    types.is_string_view,
    # Older writers do not mark text as such.
    types.is_binary,
    types.is_large_binary,
    types.is_binary_view,
)


def reader_of(name: str, kind: Any, whole: Collection[str], objects: Collection[str]) -> Reader | None:
    """Return the function that converts a column, or None where its type has no counterpart in JSON lines.

    Parameters
    ----------
    kind
        The Arrow type of the column.
    whole, objects
        Names of the fields that are whole numbers, or lists of them, and of those that are objects.
    """
    if types.is_dictionary(kind):
        inner = reader_of(name, kind.value_type, whole, objects)
        return None if inner is None else partial(_decoded, inner)
    if types.is_timestamp(kind):
        return partial(_instants, per_second=_PER_SECOND[kind.unit])
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        element = kind.value_type.value_type if types.is_dictionary(kind.value_type) else kind.value_type
        if not any(is_one(element) for is_one in (*_PLAIN, *_TEXT)):
            return None
        return partial(_lists, value=_value_of(name, whole, ()))
    if not any(is_one(kind) for is_one in (*_PLAIN, *_TEXT)):
        return None
    read = _short_floats if types.is_float16(kind) or types.is_float32(kind) else _values
    return partial(read, value=_value_of(name, whole, objects))


def _value_of(name: str, whole: Collection[str], objects: Collection[str]) -> Callable[[Any], Any]:
    return partial(_value, is_whole=name in whole, is_object=name in objects)


def _value(value: Any, *, is_whole: bool, is_object: bool) -> Any:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return INVALID
    if isinstance(value, str):
        return read_object(value) if is_object else value
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            return str(value)  # JSON has no such number, so the contract refuses the text
        # Data frames turn whole numbers into others where the column has gaps.
        return int(value) if is_whole and value == int(value) else value
    return value.isoformat() if hasattr(value, "isoformat") else value


def _values(column: Any, *, value: Callable[[Any], Any]) -> list[Any]:
    return [item if item is None or item is INVALID else value(item) for item in _plain(column)]


def _lists(column: Any, *, value: Callable[[Any], Any]) -> list[Any]:
    read: list[Any] = []
    for items in _plain(column):
        if items is None or items is INVALID:
            read.append(items)
        else:
            values = [None if item is None else value(item) for item in items]
            read.append(INVALID if INVALID in values else values)
    return read


def _short_floats(column: Any, *, value: Callable[[Any], Any]) -> list[Any]:
    # The shortest text of a 32-bit number is the one that was meant: 9.99, not 9.989999771118164.
    texts = column.cast(pa.float32()).cast(pa.string()).to_pylist()
    return [None if text is None else value(float(text)) for text in texts]


def _instants(column: Any, *, per_second: int) -> list[Any]:
    return [None if units is None else _instant(units, per_second) for units in column.view(pa.int64()).to_pylist()]


def _instant(units: int, per_second: int) -> str:
    # Without a zone it is UTC, as Athena, Glue and Spark write it.
    try:
        moment = _EPOCH + timedelta(microseconds=units * 1_000_000 // per_second)
    except OverflowError:
        return str(units)  # a year that no date-time has: the contract refuses the text
    return moment.isoformat(timespec="microseconds") + "Z"


def _decoded(inner: Reader, column: Any) -> list[Any]:
    return inner(column.dictionary_decode())


def _plain(column: Any) -> list[Any]:
    """Return the values of a column, with `INVALID` for text that is not UTF-8, which the reader does not check."""
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        return [_plain_one(column[index]) for index in range(len(column))]
    return values


def _plain_one(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return INVALID
