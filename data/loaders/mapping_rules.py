"""Reads `mapping.yaml` and compares it with the file to read: a wrong mapping is reported before a row is read."""

from __future__ import annotations

import codecs
import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml

from backend.contract import Event, Refusal, read_event
from backend.contract.rules.event_types import IMPRESSION, PURCHASE, SEARCH
from data.loaders.files import UnknownFormatError, find_repeated, read_first_row, read_lines
from data.loaders.mapping import RFC3339, UNITS_PER_SECOND, Mapping, parse_field

if TYPE_CHECKING:
    from pathlib import Path

EVENT_FIELDS = frozenset(Event.__struct_fields__) - {"properties", "received_at", "producer"}
_PARTS = {"columns", "values", "constants", "timestamp", "properties", "names", "delimiter", "quote", "encoding"}
_QUOTES = {"double", "none"}
_SAMPLED_LINES = 1_000
_MOMENT = datetime(2024, 2, 29, 13, 14, 15, tzinfo=UTC)


class _BrokenRuleError(Exception):
    """What is wrong with a mapping, as the end of a sentence that begins with its name."""


def read_mapping(path: Path) -> Mapping:
    """Read a `mapping.yaml`; an `UnknownFormatError` says in a sentence what is wrong with it."""
    try:
        parts = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError) as error:
        raise UnknownFormatError(f"the mapping {path} cannot be read: {' '.join(str(error).split())}") from None
    try:
        mapping = _mapping_of(parts)
        _check_fields(mapping)
        _check_form(mapping)
        _check_values(mapping)
    except _BrokenRuleError as error:
        raise UnknownFormatError(f"the mapping {path} {error}") from None
    return mapping


def check_jsonl(path: Path, mapping: Mapping) -> None:
    """Raise an `UnknownFormatError` if no object at the beginning of a file has a column that every event needs."""
    found: set[str] = set()
    for line in itertools.islice(read_lines(path), _SAMPLED_LINES):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        found |= row.keys() if isinstance(row, dict) else set()
    for names in (("event_type",), ("timestamp",), ("user_id", "session_id")):
        columns = mapping.columns_of(*names)
        if columns and not found & set(columns):
            raise UnknownFormatError(f"{path} has the columns {sorted(found)}, but the mapping names {columns}")


def read_header(path: Path, mapping: Mapping) -> list[str]:
    """Return the columns of a CSV file; an `UnknownFormatError` names those that are missing or repeated."""
    row = read_first_row(path, mapping.delimiter, is_quoted=mapping.quote != "none", encoding=mapping.encoding)
    if mapping.names and len(row) != len(mapping.names):
        raise UnknownFormatError(
            f"{path} has {len(row)} values in its first row, but the mapping names {len(mapping.names)} columns"
        )
    header = list(mapping.names) or row
    if repeated := find_repeated(header):
        raise UnknownFormatError(f"{path} has several columns of the names {repeated}")
    if missing := {*mapping.columns, *mapping.properties} - set(header):
        raise UnknownFormatError(f"{path} has the columns {header}, but the mapping names {sorted(missing)}")
    return header


def _mapping_of(document: Any) -> Mapping:
    """Return the mapping of a document, whose names and values must be texts."""
    if not isinstance(document, dict) or not isinstance(document.get("columns"), dict):
        raise _BrokenRuleError("has no 'columns'; they map each column to a field")
    parts: dict[str, Any] = {str(name): part for name, part in document.items() if part is not None}
    if unknown := parts.keys() - _PARTS:
        raise _BrokenRuleError(f"has unknown parts {sorted(unknown)}; known parts are {sorted(_PARTS)}")
    for name in ("values", "constants"):
        if not isinstance(parts.get(name, {}), dict):
            raise _BrokenRuleError(f"has {name}: {parts[name]!r}; it must be a table")
    for name in ("properties", "names"):
        if not isinstance(parts.get(name, []), list):
            raise _BrokenRuleError(f"has {name}: {parts[name]!r}; it must be a list")
    for name, table in parts.get("values", {}).items():
        if not isinstance(table, dict):
            raise _BrokenRuleError(f"has values of {name}: {table!r}; they must be a table")
    tables = {
        "columns": _texts("columns", parts["columns"]),
        "constants": _texts("constants", parts.get("constants", {})),
        "values": {_text("values", name): _texts("values", table) for name, table in parts.get("values", {}).items()},
    }
    lists = {name: tuple(_text(name, each) for each in parts.get(name, [])) for name in ("properties", "names")}
    plain = {
        name: _text(name, parts[name]) for name in ("timestamp", "delimiter", "quote", "encoding") if name in parts
    }
    return Mapping(**tables, **lists, **plain)  # type: ignore[arg-type]  # of the kinds that were checked


def _texts(part: str, table: dict[Any, Any]) -> dict[str, str]:
    return {_text(part, key): _text(part, value) for key, value in table.items()}


def _text(part: str, value: Any) -> str:
    # YAML reads yes, no, on and off as truth values, and 2020-01-01 as a date.
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise _BrokenRuleError(f"has {value!r} in {part}; write it as a text in quotes")


def _check_fields(mapping: Mapping) -> None:
    given = {*mapping.columns.values(), *mapping.constants}
    if unknown := {*given, *mapping.values} - EVENT_FIELDS:
        raise _BrokenRuleError(f"names the fields {sorted(unknown)}; events have {sorted(EVENT_FIELDS)}")
    if missing := {"event_type", "timestamp"} - given:
        raise _BrokenRuleError(f"gives events no {' and no '.join(sorted(missing))}")
    if not {"user_id", "session_id"} & given:
        raise _BrokenRuleError("gives events no user_id and no session_id")
    if "item_id" not in given and mapping.constants.get("event_type") not in {SEARCH, IMPRESSION}:
        raise _BrokenRuleError("gives events no item_id")
    several = find_repeated(name for name in mapping.columns.values() if name != "timestamp")
    if several:
        raise _BrokenRuleError(f"gives the fields {several} several columns; only timestamp has a date and a time")
    if unmapped := mapping.values.keys() - {*mapping.columns.values()}:
        raise _BrokenRuleError(f"has values of {sorted(unmapped)}, which no column gives")


def _check_form(mapping: Mapping) -> None:
    if repeated := find_repeated([*mapping.names]):
        raise _BrokenRuleError(f"has several names {repeated}")
    if mapping.quote not in _QUOTES:
        raise _BrokenRuleError(f"has quote: {mapping.quote}; it must be one of {sorted(_QUOTES)}")
    if not mapping.delimiter or {*mapping.delimiter} & {'"', "\r", "\n"}:
        raise _BrokenRuleError(
            f"has delimiter: {mapping.delimiter!r}; it must be one or several characters but quotes and line ends"
        )
    try:
        codecs.lookup(mapping.encoding)
        "\n,".encode(mapping.encoding).decode("ascii")
    except (LookupError, UnicodeError):
        raise _BrokenRuleError(
            f"has encoding: {mapping.encoding}; it must be one of ASCII's extensions, such as utf-8 or latin-1"
        ) from None
    _check_timestamp(mapping)


def _check_timestamp(mapping: Mapping) -> None:
    known = [*UNITS_PER_SECOND, RFC3339]
    columns = mapping.columns_of("timestamp")
    if mapping.timestamp in known:
        if len(columns) > 1:
            raise _BrokenRuleError(f"gives timestamp the columns {columns}, so it needs a strptime format")
        return
    try:
        text = _MOMENT.strftime(mapping.timestamp)
        read = datetime.strptime(text, mapping.timestamp)  # noqa: DTZ007 - compared with the same moment below
    except ValueError:
        read = None
    if read is None or read.date() != _MOMENT.date():
        raise _BrokenRuleError(
            f"has timestamp: {mapping.timestamp}; it must be one of {known}, or a strptime format with a whole date"
        )


def _check_values(mapping: Mapping) -> None:
    """Check the constants and the values that columns become by the contract's rules of one field.

    Whether a field fits the others of its event is known when the event is read.
    """
    targets = [(name, value) for name, table in mapping.values.items() for value in table.values()]
    for name, value in [*mapping.constants.items(), *targets]:
        fields = {"event_type": PURCHASE, "user_id": "u", "item_id": "i", "timestamp": _MOMENT.isoformat()}
        event = {**fields, name: parse_field(name, value)}
        verdict = read_event(json.dumps(event).encode(), now=datetime.now(UTC))
        if not isinstance(verdict, Refusal) or verdict.reason == "misplaced_field":
            continue
        broken = [error for error in verdict.errors if error.field == name]
        if broken:
            raise _BrokenRuleError(f"gives events {name}: {value}, which {broken[0].rule}")
