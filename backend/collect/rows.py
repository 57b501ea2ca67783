"""Lines to records: JSON lines as they are, CSV rows as the JSON that they stand for."""

from __future__ import annotations

import csv
import functools
import math
import re
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from backend.collect.unpacking import MAX_LINE_BYTES, UploadRefused
from backend.contract import FieldError, Refusal
from backend.contract.generated.structs import EventLine, ItemLine, UserLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from backend.collect.records import Kind
    from backend.collect.unpacking import Line

SEPARATOR = "|"
"""What stands between the items of an impression in CSV, as it does in Personalize's own."""

_BOM = b"\xef\xbb\xbf"
_LINES: dict[Kind, type[msgspec.Struct]] = {"interactions": EventLine, "items": ItemLine, "users": UserLine}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SHOWN = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One record of an object.

    Attributes
    ----------
    payload
        Its JSON, or why it has none.
    end
        Position after it, in bytes of the unpacked object.
    """

    payload: bytes | Refusal
    end: int


def read_header(kind: Kind, first: bytes) -> list[str] | None:
    """Read an object's first line.

    Parameters
    ----------
    kind
        What its records are.
    first
        The line.

    Returns
    -------
    list[str] | None
        The columns where it is CSV, None where it is JSON lines.

    Raises
    ------
    UploadRefused
        Where it is neither, or names a column that no field has.
    """
    first = first.removeprefix(_BOM).strip()
    if first.startswith(b"{"):
        return None
    try:
        (header,) = csv.reader([first.decode()], strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError):
        raise UploadRefused("the object must be JSON lines, or CSV in UTF-8 with a header") from None
    known = _converters(kind)
    unknown = [name for name in header if name not in known]
    if unknown or len(set(header)) != len(header):
        named = ", ".join(repr(name[:_SHOWN]) for name in unknown[:5]) or "one twice"
        raise UploadRefused(f"the header must name each column once, of {', '.join(known)}; it names {named}")
    return header


def json_rows(lines: Iterable[Line]) -> Iterator[Row]:
    """Yield the records of JSON lines; empty lines are none.

    Parameters
    ----------
    lines
        The lines.

    Yields
    ------
    Row
        A record per line.
    """
    for line in lines:
        data = line.data.removeprefix(_BOM).strip()
        if not line.whole:
            yield Row(_too_large(line.data), line.end)
        elif data:
            yield Row(data, line.end)


def csv_rows(lines: Iterable[Line], header: list[str], kind: Kind) -> Iterator[Row]:
    """Yield the records of CSV rows; a row may reach over several lines inside quotes.

    Parameters
    ----------
    lines
        The lines after the header.
    header
        The columns.
    kind
        What the records are.

    Yields
    ------
    Row
        A record per row; an empty value is an absent field.
    """
    pending: list[bytes] = []
    size, is_open, end = 0, False, 0
    for line in lines:
        end = line.end
        if not pending and line.whole and not line.data.strip():
            continue
        pending.append(line.data)
        size += len(line.data) + 1
        is_open ^= line.data.count(b'"') % 2 == 1
        if not line.whole or size > MAX_LINE_BYTES:
            yield Row(_too_large(b"\n".join(pending)), end)
        elif is_open:
            continue
        else:
            yield Row(_payload(b"\n".join(pending), header, kind), end)
        pending, size, is_open = [], 0, False
    if pending:
        yield Row(_refuse("malformed_json", "must be a whole CSV row; a quote is not closed", b"\n".join(pending)), end)


def _payload(data: bytes, header: list[str], kind: Kind) -> bytes | Refusal:
    try:
        (values,) = csv.reader([data.decode()], strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError):
        return _refuse("malformed_json", "must be a CSV row in UTF-8", data)
    if len(values) != len(header):
        return _refuse("missing_field", f"must have {len(header)} values as the header has, not {len(values)}", data)
    converters = _converters(kind)
    return msgspec.json.encode(
        {name: converters[name](value) for name, value in zip(header, values, strict=True) if value}
    )


@functools.cache
def _converters(kind: Kind) -> dict[str, Any]:
    """Return what makes a field's value of its text, by the field's type in the contract."""
    by_type = {float: _number, list: lambda text: text.split(SEPARATOR), dict: _object}
    converters = {}
    for field in msgspec.structs.fields(_LINES[kind]):
        plain = typing.get_args(field.type)[0]
        converters[field.name] = by_type.get(typing.get_origin(plain) or plain, str)
    return converters


# What cannot be made is passed on as text, so that the contract says what is wrong with it.


def _number(text: str) -> float | str:
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    return number if math.isfinite(number) else text


def _object(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text


def _too_large(data: bytes) -> Refusal:
    return _refuse("too_large", f"must be at most {MAX_LINE_BYTES} bytes", data)


def _refuse(reason: str, rule: str, data: bytes) -> Refusal:
    return Refusal(reason, (FieldError("row", rule),), data)
