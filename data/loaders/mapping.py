"""`mapping.yaml`: how the columns of a CSV or JSONL file of one's own become the contract's fields.

columns:                  # column of the file: field of the contract
  visitor: user_id
  sku: item_id
  action: event_type
  when: timestamp
  price: event_value
values:                   # words of the file: words of the contract, per field
  event_type: {addtocart: AddToCart, transaction: Purchase, view: View}
constants:                # the same in every event
  schema_version: "1"
timestamp: milliseconds   # seconds, milliseconds, rfc3339, or a strptime format such as "%d.%m.%Y %H:%M:%S" (UTC)
properties: [campaign]    # columns that become properties
delimiter: ";"            # of a CSV file; a comma where not given
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from backend.contract import Event
from data.loaders.conversion import moment_of_epoch, moment_of_format, number_of, payload_of
from data.loaders.sources import UnknownSource, lines, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from data.loaders.conversion import Fields

EVENT_FIELDS = frozenset(Event.__struct_fields__) - {"properties", "received_at"}
_PARTS = {"columns", "values", "constants", "timestamp", "properties", "delimiter"}
_PER_SECOND = {"seconds": 1, "milliseconds": 1000}


@dataclass(frozen=True)
class Mapping:
    """A read `mapping.yaml`; see the module for what its parts mean."""

    columns: dict[str, str]
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    timestamp: str = "rfc3339"
    properties: tuple[str, ...] = ()
    delimiter: str = ","

    def event(self, row: dict[str, object]) -> Fields:
        """Make an event's fields of a row; empty columns are left out."""
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
            return self._moment(str(value))
        if name == "event_value" and isinstance(value, str):
            return number_of(value)
        if name == "impression" and isinstance(value, str):
            return value.split("|")
        if isinstance(value, int) and name.endswith("_id"):
            # JSON files often hold numbers as ids, which the contract does not.
            value = str(value)
        return self.values.get(name, {}).get(str(value), value)

    def _moment(self, text: str) -> str:
        if self.timestamp in _PER_SECOND:
            return moment_of_epoch(text, _PER_SECOND[self.timestamp])
        return text if self.timestamp == "rfc3339" else moment_of_format(text, self.timestamp)


def read_mapping(path: Path) -> Mapping:
    """Read a `mapping.yaml`.

    Raises
    ------
    UnknownSource
        It is no mapping, or maps to what the contract does not have; the message names it.
    """
    try:
        parts = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UnknownSource(f"the mapping {path} cannot be read: {error}") from None
    if not isinstance(parts, dict) or not isinstance(parts.get("columns"), dict):
        raise UnknownSource(f"the mapping {path} has no 'columns'; it must say which column is which field")
    if unknown := set(parts) - _PARTS:
        raise UnknownSource(f"the mapping {path} has {sorted(unknown)}; known are {sorted(_PARTS)}")
    named = {*parts["columns"].values(), *(parts.get("constants") or {}), *(parts.get("values") or {})}
    if unknown := named - EVENT_FIELDS:
        raise UnknownSource(
            f"the mapping {path} names the fields {sorted(unknown)}; events have {sorted(EVENT_FIELDS)}"
        )
    if missing := {"event_type", "timestamp"} - {*parts["columns"].values(), *(parts.get("constants") or {})}:
        raise UnknownSource(f"the mapping {path} gives events no {' and no '.join(sorted(missing))}")
    return Mapping(**{**parts, "properties": tuple(parts.get("properties") or ())})


def mapped_csv(path: Path, mapping: Mapping) -> Iterator[bytes]:
    """Yield the events of a CSV file with a header.

    Raises
    ------
    UnknownSource
        The header lacks a column that the mapping names.
    """
    source = rows(path, mapping.delimiter)
    header = next(source, [])
    if missing := {*mapping.columns, *mapping.properties} - set(header):
        raise UnknownSource(f"{path} has the columns {header}, but the mapping names {sorted(missing)}")
    for row in source:
        if len(row) == len(header):
            yield payload_of(mapping.event(dict(zip(header, row, strict=True))))
        else:
            yield mapping.delimiter.join(row).encode("utf-8", errors="surrogateescape")


def mapped_jsonl(path: Path, mapping: Mapping) -> Iterator[bytes]:
    """Yield the events of a file with a JSON object per line; a line that is none goes out as it stands."""
    for line in lines(path):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        yield payload_of(mapping.event(row)) if isinstance(row, dict) else line
