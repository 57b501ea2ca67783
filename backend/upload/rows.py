"""Lines as records: JSON lines unchanged, CSV rows converted to JSON."""

from __future__ import annotations

import csv
import functools
import math
import re
import typing
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from backend.contract import FieldError, Refusal
from backend.contract.consent import FIELD as CONSENT
from backend.contract.csv_rows import read_csv, split_row
from backend.contract.generated.structs import EventLine, ItemLine, UserLine
from backend.upload.lines import MAX_LINE_BYTES, InvalidUploadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from backend.contract import RecordKind
    from backend.upload.lines import Line

SEPARATOR = "|"
"""Separates the items and the positions of a list in CSV, as in Personalize's own format."""

_BOM = b"\xef\xbb\xbf"
_LINES: dict[RecordKind, type[msgspec.Struct]] = {"interactions": EventLine, "items": ItemLine, "users": UserLine}
# Spreadsheets and data frames write a whole number as 2.0 where its column has gaps, and others 0.5 as .5 and 2 as +2.
_WHOLE = re.compile(r"([+-]?[0-9]{1,15})(\.0*)?")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SHOWN_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class UploadRow:
    """One record of an object.

    Attributes
    ----------
    payload
        Its JSON, or the reason why it has none.
    end
        Position after it, in bytes of the decompressed object.
    first_line, last_line
        Numbers of its lines in the object, from 1.
    """

    payload: bytes | Refusal
    end: int
    first_line: int
    last_line: int


def read_header(kind: RecordKind, first: bytes) -> list[str] | None:
    """Return the columns of a CSV object from its first line, or None for JSON lines.

    Raises
    ------
    InvalidUploadError
        Where it is neither, or a column is not a field of the kind of record.
    """
    first = first.removeprefix(_BOM).strip()
    if first.startswith(b"{"):
        return None
    try:
        header = split_row(first.decode())
    except (UnicodeDecodeError, csv.Error, ValueError):
        raise InvalidUploadError("the object must be JSON lines, or CSV in UTF-8 with a header") from None
    known = _converters(kind)
    unknown = [name for name in header if name not in known]
    if unknown or len(set(header)) != len(header):
        named = ", ".join(repr(name[:_SHOWN_CHARACTERS]) for name in unknown[:5]) or "one twice"
        raise InvalidUploadError(f"the header must name each column once, of {', '.join(known)}; it names {named}")
    return header


def json_rows(lines: Iterable[Line]) -> Iterator[UploadRow]:
    """Yield one record per JSON line; empty lines are skipped."""
    for line in lines:
        data = line.data.removeprefix(_BOM).strip()
        if not line.is_whole:
            yield UploadRow(_too_large(line.data), line.end, line.number, line.number)
        elif data:
            yield UploadRow(data, line.end, line.number, line.number)


def csv_rows(lines: Iterable[Line], header: list[str], kind: RecordKind) -> Iterator[UploadRow]:
    """Yield one record per CSV row after the header; an empty value is an absent field.

    A row that is refused has no bytes where the object has a column for consent, which they may deny.
    """
    read: deque[Line] = deque()

    def data() -> Iterator[bytes]:
        for line in lines:
            read.append(line)
            yield line.data

    converters = _converters(kind)
    for row in read_csv(data(), len(header)):
        parts = [read.popleft() for _ in row.lines]
        place = parts[-1].end, parts[0].number, parts[-1].number
        kept = b"" if CONSENT in header else b"\n".join(row.lines)
        if not all(part.is_whole for part in parts):
            yield UploadRow(_too_large(kept), *place)
        elif row.rule:
            yield UploadRow(_refuse("malformed_json", row.rule, kept), *place)
        elif row.values:
            fields = {name: converters[name](value) for name, value in zip(header, row.values, strict=True) if value}
            yield UploadRow(msgspec.json.encode(fields), *place)


@functools.cache
def _converters(kind: RecordKind) -> dict[str, Callable[[str], object]]:
    """Return, for each field of the contract, the function that converts its text to a value of its type."""
    by_type: dict[Any, Callable[[str], object]] = {
        float: _number,
        int: _whole,
        list[str]: _texts,
        list[int]: _numbers,
    }
    converters: dict[str, Callable[[str], object]] = {}
    for field in msgspec.structs.fields(_LINES[kind]):
        plain = typing.get_args(field.type)[0]
        converters[field.name] = _object if typing.get_origin(plain) is dict else by_type.get(plain, str)
    return converters


# Text that cannot be converted stays text, so that the contract refuses it and names the rule.


def _number(text: str) -> float | str:
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    return number if math.isfinite(number) else text


def _whole(text: str) -> int | str:
    whole = _WHOLE.fullmatch(text)
    return int(whole[1]) if whole else text


def _texts(text: str) -> list[str]:
    return text.split(SEPARATOR)


def _numbers(text: str) -> list[int | str]:
    return [_whole(part) for part in text.split(SEPARATOR)]


def _object(text: str) -> Any:
    try:
        fields = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text
    # As it was written, so that the contract sees a name that is there twice.
    return msgspec.Raw(text.encode()) if isinstance(fields, dict) else fields


def _too_large(data: bytes) -> Refusal:
    return _refuse("too_large", f"must be at most {MAX_LINE_BYTES} bytes", data)


def _refuse(reason: str, rule: str, data: bytes) -> Refusal:
    return Refusal(reason, (FieldError("row", rule),), data)
