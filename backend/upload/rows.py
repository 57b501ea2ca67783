"""Lines as records: JSON lines unchanged, CSV rows converted to JSON."""

from __future__ import annotations

import csv
import functools
import typing
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from backend.contract import FieldError, Refusal
from backend.contract.consent import FIELD as CONSENT
from backend.contract.csv_rows import VALUE_TOO_LONG, read_csv, split_row
from backend.contract.generated.structs import EventLine, ItemLine, UserLine
from backend.upload.cells import read_number, read_object, read_texts, read_whole, read_wholes
from backend.upload.lines import MAX_LINE_BYTES, PARQUET_MAGIC, InvalidUploadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from backend.contract import RecordKind
    from backend.upload.lines import Line

_BOM = b"\xef\xbb\xbf"
_LINES: dict[RecordKind, type[msgspec.Struct]] = {"interactions": EventLine, "items": ItemLine, "users": UserLine}


@dataclass(frozen=True, slots=True)
class UploadRow:
    """One record of an object.

    Attributes
    ----------
    payload
        Its JSON, or the reason why it has none; None for blank lines, which are no record.
    end
        Position after it, in bytes of the decompressed object.
    first_line, last_line
        Numbers of its lines in the object, from 1.
    """

    payload: bytes | Refusal | None
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
    if first.startswith(PARQUET_MAGIC):
        raise InvalidUploadError("the object is Parquet in gzip; upload the Parquet itself, which is compressed inside")
    try:
        header = split_row(first.decode())
    except (UnicodeDecodeError, csv.Error, ValueError):
        raise InvalidUploadError("the object must be JSON lines, CSV in UTF-8 with a header, or Parquet") from None
    known = _converters(kind)
    # Without the names: those of an object that lacks a header are the values of its first record.
    counts = Counter(header)
    wrong = [str(place) for place, name in enumerate(header, 1) if name not in known or counts[name] > 1]
    if wrong:
        raise InvalidUploadError(
            f"the first line must be a header that names each column once, of {', '.join(known)}; not so its "
            f"{'columns' if len(wrong) > 1 else 'column'} {', '.join(wrong[:5])}"
        )
    return header


def json_rows(lines: Iterable[Line]) -> Iterator[UploadRow]:
    """Yield one record per JSON line."""
    for line in lines:
        data = line.data.removeprefix(_BOM).strip()
        payload = data or None if line.is_whole else _too_large(line.data)
        yield UploadRow(payload, line.end, line.number, line.number)


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
            reason = "too_large" if row.rule == VALUE_TOO_LONG else "malformed_json"
            yield UploadRow(_refuse(reason, row.rule, kept), *place)
        elif row.values and [row.values[0].removeprefix("\ufeff"), *row.values[1:]] == header:
            yield UploadRow(_refuse("malformed_json", "must be a record; this line repeats the header", kept), *place)
        elif not row.values:
            yield UploadRow(None, *place)
        else:
            fields = {name: converters[name](value) for name, value in zip(header, row.values, strict=True) if value}
            yield UploadRow(msgspec.json.encode(fields), *place)


def fields_of(kind: RecordKind) -> dict[str, Any]:
    """Return the type of each field of a kind of record."""
    return {field.name: typing.get_args(field.type)[0] for field in msgspec.structs.fields(_LINES[kind])}


@functools.cache
def _converters(kind: RecordKind) -> dict[str, Callable[[str], object]]:
    """Return, for each field of the contract, the function that converts its text to a value of its type."""
    by_type: dict[Any, Callable[[str], object]] = {
        float: read_number,
        int: read_whole,
        list[str]: read_texts,
        list[int]: read_wholes,
    }
    return {
        name: read_object if typing.get_origin(of) is dict else by_type.get(of, str)
        for name, of in fields_of(kind).items()
    }


def _too_large(data: bytes) -> Refusal:
    return _refuse("too_large", f"must be at most {MAX_LINE_BYTES} bytes", data)


def _refuse(reason: str, rule: str, data: bytes) -> Refusal:
    return Refusal(reason, (FieldError("row", rule),), data)
