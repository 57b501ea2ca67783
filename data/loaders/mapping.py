"""Maps the columns of a custom CSV or JSONL file to fields of the contract.

columns:                  # column of the file: field of the contract; two columns of timestamp are a date and a time
  visitor: user_id
  sku: item_id
  action: event_type
  when: timestamp
  price: event_value
values:                   # per field, value of the file: value of the contract
  event_type: {addtocart: AddToCart, transaction: Purchase, view: View}
constants:                # the same in every event; a currency only in those with an event_value
  currency: EUR
timestamp: milliseconds   # seconds, milliseconds, rfc3339, or a strptime format such as "%d.%m.%Y %H:%M:%S" (UTC)
properties: [campaign]    # columns that become properties
names: [visitor, sku, action, when, price]  # of a CSV file without a header: its columns
delimiter: ";"            # of a CSV file, of any length; a comma by default
quote: none               # a CSV file whose quotes are ordinary characters; double by default
encoding: latin-1         # utf-8 by default

`data/loaders/mappings` has those of some public data sets; `mapping_rules` states what a mapping must have.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from data.loaders.conversion import (
    Payload,
    broken_row,
    encode_payload,
    epoch_to_rfc3339,
    parse_integer,
    parse_number,
    text_to_rfc3339,
)
from data.loaders.files import UTF_8, number_lines, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from data.loaders.conversion import Fields

UNITS_PER_SECOND = {"seconds": 1, "milliseconds": 1000}
RFC3339 = "rfc3339"
_LIST_SEPARATOR = "|"
_TIME = re.compile(r"[\w :.,/+-]*\d[\w :.,/+-]*")
_TIME_CHARACTERS = 40


@dataclass(frozen=True)
class Mapping:
    """The content of a mapping; the module's docstring describes its parts."""

    columns: dict[str, str]
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    timestamp: str = RFC3339
    properties: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    delimiter: str = ","
    quote: str = "double"
    encoding: str = UTF_8

    def columns_of(self, *names: str) -> list[str]:
        """Return the columns that become one of some fields."""
        return [column for column, name in self.columns.items() if name in names]

    @cached_property
    def _moments(self) -> list[str]:
        return self.columns_of("timestamp")

    def to_event(self, row: dict[str, object]) -> Fields:
        """Convert a row to the fields of an event; empty columns are omitted."""
        fields: Fields = {name: parse_field(name, value) for name, value in self.constants.items()}
        for column, name in self.columns.items():
            value = row.get(column)
            if value is not None and value != "" and name != "timestamp":
                fields[name] = self._value(name, value)
        if "currency" in self.constants and "event_value" not in fields:
            fields.pop("currency")
        if moment := self._moment(row):
            fields["timestamp"] = self._timestamp(moment)
        properties = {column: row[column] for column in self.properties if row.get(column) not in (None, "")}
        if properties:
            fields["properties"] = properties
        return fields

    def source_rules(self, row: dict[str, object], event: Fields) -> dict[str, str]:
        """Return what a row breaks of the mapping, by the event's field: a timestamp that stayed unchanged."""
        moment = self._moment(row)
        if self.timestamp == RFC3339 or not moment or event["timestamp"] != moment:
            return {}
        # Only what looks like a time is shown: a column of another kind may be personal.
        shown = repr(moment) if len(moment) <= _TIME_CHARACTERS and _TIME.fullmatch(moment) else "of this column"
        return {"timestamp": f"timestamp {shown} does not match the mapping's timestamp {self.timestamp!r}"}

    def _moment(self, row: dict[str, object]) -> str:
        return " ".join(str(row[column]) for column in self._moments if row.get(column) not in (None, ""))

    def _value(self, name: str, value: object) -> object:
        # JSON files often have numeric ids and codes; true is neither.
        if isinstance(value, str) or type(value) is int:
            value = self.values.get(name, {}).get(str(value), value)
        if type(value) is int and name.endswith("_id"):
            return str(value)
        return parse_field(name, value) if isinstance(value, str) else value

    def _timestamp(self, text: str) -> str:
        if self.timestamp in UNITS_PER_SECOND:
            return epoch_to_rfc3339(text, UNITS_PER_SECOND[self.timestamp])
        return text if self.timestamp == RFC3339 else text_to_rfc3339(text, self.timestamp)


def parse_field(name: str, text: str) -> object:
    """Parse the text of a field that is a number or a list; other text, and what cannot be parsed, stays unchanged."""
    if name == "event_value":
        return parse_number(text)
    if name in {"quantity", "position"}:
        return parse_integer(text)
    if name == "impression":
        return text.split(_LIST_SEPARATOR)
    return [parse_integer(part) for part in text.split(_LIST_SEPARATOR)] if name == "positions" else text


def read_mapped_csv(path: Path, mapping: Mapping, header: list[str]) -> Iterator[Payload]:
    """Yield the events of a CSV file, whose first row is the header unless the mapping names the columns."""
    rows = read_rows(path, mapping.delimiter, len(header), is_quoted=mapping.quote != "none", encoding=mapping.encoding)
    if not mapping.names:
        next(rows, None)
    for row in rows:
        if row.rule:
            yield broken_row(row)
        else:
            fields: Fields = dict(zip(header, row.values, strict=True))
            event = mapping.to_event(fields)
            yield Payload(encode_payload(event), row.line, mapping.source_rules(fields, event))


def read_mapped_jsonl(path: Path, mapping: Mapping) -> Iterator[Payload]:
    """Yield the events of a file with one JSON object per line; any other line is yielded unchanged."""
    for number, line in number_lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            event = mapping.to_event(row)
            yield Payload(encode_payload(event, errors="strict"), number, mapping.source_rules(row, event))
        else:
            yield Payload(line, number)
