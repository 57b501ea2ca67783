"""Converts JSON to the values of a table's columns, as the Hive and OpenX JSON SerDes do.

The OpenX SerDe is lenient: it reads numbers from text, puts a single value into an array, and fills a struct from an
array by position. The Hive SerDe takes the value that its parser is at: a number from a number only, text from any
scalar, a boolean from any text.

Source: Firehose developer guide, "Choose the JSON deserializer", for the formats of times; the SerDes' own behaviour
(JsonListObjectInspector and JsonStructObjectInspector of OpenX, HCatalog's JsonSerDe) for the other formats.
"""

from __future__ import annotations

import calendar
import json
import math
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deployment.workers.delivery.schema import HiveType
    from deployment.workers.delivery.settings import Conversion

    Converter = Callable[[Any], object]

_WIDTHS = {"tinyint": 8, "smallint": 16, "int": 32, "integer": 32, "bigint": 64}

_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?Z| (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?)"
)
_HIVE_TIME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})()()()() (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?")

MILLISECONDS_FROM = 10**12
"""A numeric time of 13 digits or more is in milliseconds, a shorter one in seconds."""

NANOSECONDS = 10**9
_INT64_MAX = 2**63 - 1


class ConversionError(ValueError):
    """A record that cannot be converted to rows, with code and message as in Firehose's error documents."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class _MismatchError(ValueError):
    """A value that does not match its column's type."""


def read_documents(data: bytes) -> list[dict[str, Any]]:
    """Parse the JSON objects of one record, one or several in sequence; any other content is a `ConversionError`."""
    try:
        documents = [msgspec.json.decode(data)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        documents = _read_sequence(data)
    if not all(isinstance(document, dict) for document in documents):
        raise ConversionError(
            "DataFormatConversion.MalformedData", "The top level of the input JSON must be an object."
        )
    return documents


def _read_sequence(data: bytes) -> list[Any]:
    try:
        text = data.decode().strip()
    except UnicodeDecodeError as error:
        raise ConversionError("DataFormatConversion.ParseError", "The record is not UTF-8.") from error
    if not text:
        raise ConversionError(
            "DataFormatConversion.MalformedData", "The record was empty or contained only whitespace."
        )
    decoder, documents, at = json.JSONDecoder(parse_constant=_reject_constant), [], 0
    while at < len(text):
        try:
            document, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise ConversionError("DataFormatConversion.ParseError", "Encountered malformed JSON.") from error
        documents.append(document)
        while at < len(text) and text[at] in " \t\r\n":
            at += 1
    return documents


def _reject_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


class RowReader:
    """Converts records to rows with a table's columns, each a name and a type, in order."""

    def __init__(self, columns: Sequence[tuple[str, HiveType]], conversion: Conversion) -> None:
        keys = dict(conversion.key_of_column)
        self._fold = conversion.case_insensitive
        self._dots = conversion.dots_to_underscores
        self._columns = [
            (name, self._key(keys.get(name, name)), _converter(type_, conversion)) for name, type_ in columns
        ]

    def read(self, data: bytes) -> list[list[object]]:
        """Return the rows of one record, which holds one JSON object or several.

        Returns
        -------
        list of list
            One value per column for each object; None where the key is missing. Keys without a column are ignored.

        Raises
        ------
        ConversionError
            If the record is not such JSON, or a value does not match its column's type.
        """
        return [self._row(document) for document in read_documents(data)]

    def _row(self, document: dict[str, Any]) -> list[object]:
        values = {self._key(key): value for key, value in document.items()}
        row: list[object] = []
        for name, key, convert in self._columns:
            value = values.get(key)
            try:
                row.append(None if value is None else convert(value))
            except _MismatchError as error:
                raise ConversionError(
                    "DataFormatConversion.MalformedData", f"Data does not match the schema: column {name} {error}."
                ) from error
        return row

    def _key(self, key: str) -> str:
        if self._dots:
            key = key.replace(".", "_")
        return key.lower() if self._fold else key


def _converter(type_: HiveType, conversion: Conversion) -> Converter:
    if type_.name in _WIDTHS:
        return (_hive_integer if conversion.hive else _integer)(_WIDTHS[type_.name])
    if type_.name == "timestamp":
        return _hive_timestamp(conversion.hive_millis) if conversion.hive else _timestamp
    if type_.name == "decimal":
        return _decimal(type_.arrow.precision, type_.arrow.scale)
    if type_.name in {"array", "map", "struct"}:
        parts = [_converter(part, conversion) for part in type_.parts]
        return _nested(type_, parts, is_lenient=not conversion.hive)
    return _HIVE[type_.name] if conversion.hive and type_.name in _HIVE else _SIMPLE[type_.name]


def _nested(type_: HiveType, parts: list[Converter], *, is_lenient: bool) -> Converter:
    def array(value: Any) -> object:
        if is_lenient and not isinstance(value, list):
            value = [] if value == {} else [value]
        if not isinstance(value, list):
            raise _MismatchError("holds no array")
        return [None if element is None else parts[0](element) for element in value]

    def mapping(value: Any) -> object:
        if not isinstance(value, dict):
            raise _MismatchError("holds no object")
        return [(parts[0](key), None if item is None else parts[1](item)) for key, item in value.items()]

    def struct(value: Any) -> object:
        if is_lenient and isinstance(value, list):
            value = dict(zip(type_.fields, value, strict=False))
        if not isinstance(value, dict):
            raise _MismatchError("holds no object")
        members = {key.lower(): member for key, member in value.items()}
        fields = {name: members.get(name.lower()) for name in type_.fields}
        return {
            name: None if fields[name] is None else convert(fields[name])
            for name, convert in zip(type_.fields, parts, strict=True)
        }

    return {"array": array, "map": mapping, "struct": struct}[type_.name]


def _string(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise _MismatchError("holds half of a surrogate pair") from error
    return text


def _scalar(value: Any) -> str:
    if isinstance(value, dict | list):
        raise _MismatchError("holds an object or array in place of a single value")
    return _string(value)


def _hive_boolean(value: Any) -> bool:
    return _scalar(value).lower() == "true"


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise _MismatchError("holds no boolean")


def _integer(bits: int) -> Converter:
    bound = 1 << (bits - 1)

    def convert(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,19}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not -bound <= value < bound:
            raise _MismatchError(f"holds no integer of {bits} bits")
        return value

    return convert


def _hive_integer(bits: int) -> Converter:
    convert = _integer(bits)

    def integer(value: Any) -> object:
        if isinstance(value, str):
            raise _MismatchError("holds text in place of a number")
        return convert(int(value) if isinstance(value, float) and math.isfinite(value) else value)

    return integer


def _hive_number(value: Any) -> float:
    if isinstance(value, str):
        raise _MismatchError("holds text in place of a number")
    return _number(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _MismatchError("holds no number")
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise _MismatchError("holds no number") from error


def _decimal(precision: int, scale: int) -> Converter:
    def convert(value: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise _MismatchError("holds no number")
        try:
            number = Decimal(str(value)).quantize(Decimal(1).scaleb(-scale))
        except InvalidOperation as error:
            raise _MismatchError("holds no number") from error
        if not number.is_finite() or len(number.as_tuple().digits) > precision:
            raise _MismatchError(f"holds more than {precision} digits")
        return number

    return convert


def _date(value: Any) -> date:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise _MismatchError("holds no date yyyy-MM-dd")


def _timestamp(value: Any) -> int:
    """Parse a time as OpenX does, into nanoseconds since 1970."""
    if isinstance(value, str) and (found := _TIME.fullmatch(value)):
        return _nanoseconds(found)
    if isinstance(value, str):
        try:
            value = float(value) if "." in value else int(value)
        except ValueError as error:
            raise _MismatchError("holds no time in a form that Firehose reads") from error
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _MismatchError("holds no time")
    if isinstance(value, int):
        return _checked_range(value * 1_000_000 if abs(value) >= MILLISECONDS_FROM else value * NANOSECONDS)
    return _checked_range(round(value * 1_000_000) * 1000)


def _hive_timestamp(millis: bool) -> Converter:
    def convert(value: Any) -> int:
        if isinstance(value, str) and (found := _HIVE_TIME.fullmatch(value)):
            return _nanoseconds(found)
        if millis and isinstance(value, int) and not isinstance(value, bool):
            return _checked_range(value * 1_000_000)
        raise _MismatchError("holds no time yyyy-MM-dd HH:mm:ss")

    return convert


def _nanoseconds(found: re.Match[str]) -> int:
    year, month, day = (int(part) for part in found.groups()[:3])
    hour, minute, second, fraction = found.groups()[3:7] if found.group(4) else found.groups()[7:11]
    try:
        date(year, month, day)
    except ValueError as error:
        raise _MismatchError("holds no day of the calendar") from error
    if int(hour) > 23 or int(minute) > 59 or int(second) > 59:
        raise _MismatchError("holds no time of the day")
    seconds = calendar.timegm((year, month, day, int(hour), int(minute), int(second)))
    return _checked_range(seconds * NANOSECONDS + int((fraction or "0").ljust(9, "0")))


def _checked_range(nanoseconds: int) -> int:
    if abs(nanoseconds) > _INT64_MAX:
        raise _MismatchError("holds a time before 1677 or after 2262")
    return nanoseconds


_SIMPLE: dict[str, Converter] = {
    "string": _string,
    "boolean": _boolean,
    "float": _number,
    "double": _number,
    "date": _date,
}
_HIVE: dict[str, Converter] = {
    "string": _scalar,
    "boolean": _hive_boolean,
    "float": _hive_number,
    "double": _hive_number,
}
