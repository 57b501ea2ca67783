"""Reads `mapping.yaml`, which maps the columns of a custom CSV or JSONL file to fields of the contract.

columns:                  # column of the file: field of the contract
  visitor: user_id
  sku: item_id
  action: event_type
  when: timestamp
  price: event_value
values:                   # per field, value of the file: value of the contract
  event_type: {addtocart: AddToCart, transaction: Purchase, view: View}
constants:                # the same in every event
  schema_version: "1"
timestamp: milliseconds   # seconds, milliseconds, rfc3339, or a strptime format such as "%d.%m.%Y %H:%M:%S" (UTC)
properties: [campaign]    # columns that become properties
delimiter: ";"            # of a CSV file; a comma by default
quote: none               # a CSV file whose quotes are ordinary characters; double by default
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from backend.contract import Event
from data.loaders.conversion import encode_payload, epoch_to_rfc3339, parse_number, text_to_rfc3339
from data.loaders.files import UnknownFormatError, read_lines, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from data.loaders.conversion import Fields

EVENT_FIELDS = frozenset(Event.__struct_fields__) - {"properties", "received_at"}
_PARTS = {"columns", "values", "constants", "timestamp", "properties", "delimiter", "quote"}
_QUOTES = {"double", "none"}
_PER_SECOND = {"seconds": 1, "milliseconds": 1000}


@dataclass(frozen=True)
class Mapping:
    """The content of a `mapping.yaml`; the module's docstring describes its parts."""

    columns: dict[str, str]
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    timestamp: str = "rfc3339"
    properties: tuple[str, ...] = ()
    delimiter: str = ","
    quote: str = "double"

    def to_event(self, row: dict[str, object]) -> Fields:
        """Convert a row to the fields of an event; empty columns are omitted."""
        fields: Fields = dict(self.constants)
        for column, name in self.columns.items():
            value = row.get(column)
            if value not in {None, ""} if isinstance(value, str | None) else True:
                fields[name] = self._value(name, value)
        properties = {column: row[column] for column in self.properties if row.get(column) not in (None, "")}
        if properties:
            fields["properties"] = properties
        return fields

    def _value(self, name: str, value: object) -> object:
        if name == "timestamp":
            return self._timestamp(str(value))
        if name == "event_value" and isinstance(value, str):
            return parse_number(value)
        if name == "impression" and isinstance(value, str):
            return value.split("|")
        if isinstance(value, int) and name.endswith("_id"):
            # JSON files often have numeric ids; ids of the contract are strings.
            value = str(value)
        return self.values.get(name, {}).get(str(value), value)

    def _timestamp(self, text: str) -> str:
        if self.timestamp in _PER_SECOND:
            return epoch_to_rfc3339(text, _PER_SECOND[self.timestamp])
        return text if self.timestamp == "rfc3339" else text_to_rfc3339(text, self.timestamp)


def read_mapping(path: Path) -> Mapping:
    """Read a `mapping.yaml`; an `UnknownFormatError` names an unknown field."""
    try:
        parts = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UnknownFormatError(f"the mapping {path} cannot be read: {error}") from None
    if not isinstance(parts, dict) or not isinstance(parts.get("columns"), dict):
        raise UnknownFormatError(f"the mapping {path} has no 'columns'; they map each column to a field")
    if unknown := set(parts) - _PARTS:
        raise UnknownFormatError(
            f"the mapping {path} has unknown parts {sorted(unknown)}; known parts are {sorted(_PARTS)}"
        )
    named = {*parts["columns"].values(), *(parts.get("constants") or {}), *(parts.get("values") or {})}
    if unknown := named - EVENT_FIELDS:
        raise UnknownFormatError(
            f"the mapping {path} names the fields {sorted(unknown)}; events have {sorted(EVENT_FIELDS)}"
        )
    if missing := {"event_type", "timestamp"} - {*parts["columns"].values(), *(parts.get("constants") or {})}:
        raise UnknownFormatError(f"the mapping {path} gives events no {' and no '.join(sorted(missing))}")
    if (quote := parts.get("quote", "double")) not in _QUOTES:
        raise UnknownFormatError(f"the mapping {path} has quote: {quote}; it must be one of {sorted(_QUOTES)}")
    return Mapping(**{**parts, "properties": tuple(parts.get("properties") or ())})


def read_mapped_csv(path: Path, mapping: Mapping) -> Iterator[bytes]:
    """Yield the events of a CSV file with a header row; an `UnknownFormatError` names a column that is missing."""
    source = read_rows(path, mapping.delimiter, is_quoted=mapping.quote != "none")
    header = [str(name) for name in next(source, [])]
    if missing := {*mapping.columns, *mapping.properties} - set(header):
        raise UnknownFormatError(f"{path} has the columns {header}, but the mapping names {sorted(missing)}")
    for row in source:
        if isinstance(row, bytes):
            yield row
        else:
            yield encode_payload(mapping.to_event(dict(zip(header, row, strict=True))))


def read_mapped_jsonl(path: Path, mapping: Mapping) -> Iterator[bytes]:
    """Yield the events of a file with one JSON object per line; any other line is yielded unchanged."""
    for line in read_lines(path):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        yield encode_payload(mapping.to_event(row)) if isinstance(row, dict) else line
