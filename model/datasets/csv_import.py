"""Reads CSV files into interactions or rows, or fails with the file, the line and the reason."""

from __future__ import annotations

import csv
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from model.datasets import limits
from model.datasets.columns import Columns
from model.datasets.dataset_types import INTERACTIONS, KEYS, SUBJECTS
from model.datasets.errors import ImportFailedError, InvalidValueError
from model.datasets.interactions import ContextColumn
from model.datasets.values import text_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from model.datasets.avro_schema import Schema

# Text in double quotes; a quote inside is doubled or escaped with a backslash (developer guide, "Data format").
csv.field_size_limit(1_000_000)


def read_rows(
    schema: Schema, files: Iterable[tuple[str, Iterable[str]]], *, of_earlier_version: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield the rows of CSV files, (name, lines), as values by column, checked against the schema.

    Names are used in messages only; columns that the schema does not have are left out. Files of an earlier version may
    lack columns that allow null, which an import must have.
    """
    for name, lines in files:
        reader = csv.reader(lines, doublequote=True, escapechar="\\", strict=True)
        try:
            header = next(reader, [])
            later = [each.name for each in schema.columns if each.nullable and each.name not in header]
            absent = dict.fromkeys(later if of_earlier_version else [])
            places = _places(schema, header, name, absent)
            for row in reader:
                if row:
                    yield _read_row(places, row, len(header)) | absent
        except (InvalidValueError, csv.Error) as error:
            raise ImportFailedError(f"{name}, line {reader.line_num}: {error}") from None
        except UnicodeDecodeError:
            raise ImportFailedError(f"{name} is not UTF-8") from None


def to_columns(rows: Iterable[dict[str, Any]], schema: Schema | None = None) -> Columns:
    """Collect the rows of a dataset of events in columns; without a schema there are no context columns."""
    subject = SUBJECTS[schema.dataset_type if schema else INTERACTIONS]
    contexts = [(column.name, _CodedColumn()) for column in schema.context()] if schema else []
    user_of, item_of, kind_of = _CodedColumn(), _CodedColumn(), _CodedColumn()
    times, values = array("q"), array("f")
    for row in rows:
        user_of.add(row["USER_ID"])
        item_of.add(row[subject])
        kind_of.add(row.get("EVENT_TYPE") or "")
        times.append(row["TIMESTAMP"])
        value = row.get("EVENT_VALUE")
        values.append(float("nan") if value is None else value)
        for name, coded in contexts:
            coded.add(row[name])
    return Columns(
        list(user_of.known),
        list(item_of.known),
        list(kind_of.known),
        np.array(user_of.codes, np.int32),
        np.array(item_of.codes, np.int32),
        np.array(kind_of.codes, np.int16),
        np.array(times, np.int64),
        np.array(values, np.float32),
        {name: ContextColumn(list(coded.known), np.array(coded.codes, np.int32)) for name, coded in contexts},
    )


class _CodedColumn:
    """A column of strings as codes; -1 for a missing string."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.codes = array("i")

    def add(self, text: str | None) -> None:
        self.codes.append(-1 if text is None else self.known.setdefault(text, len(self.known)))


def check_events(schema: Schema, columns: Columns, *, incremental: bool) -> None:
    """Check the rules for the events of an import as a whole."""
    count, least = int(columns.times.size), limits.MIN_INCREMENTAL_INTERACTIONS
    if incremental and count < least:
        raise ImportFailedError(f"an incremental import of interactions needs {least} rows, not {count}")
    kinds, own = sum(kind != "" for kind in columns.event_types), len(schema.own())
    if schema.dataset_type == INTERACTIONS and kinds + own > limits.EVENT_TYPES_AND_METADATA_COLUMNS:
        raise ImportFailedError(
            f"there are {kinds} event types and {own} metadata columns; "
            f"together there may be {limits.EVENT_TYPES_AND_METADATA_COLUMNS}"
        )


def to_rows(schema: Schema, rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Collect the rows of a dataset by id; the last row of an id wins."""
    key = KEYS[schema.dataset_type]
    return {row[key]: {name: value for name, value in row.items() if name != key} for row in rows}


def _places(
    schema: Schema, header: list[str], name: str, absent: Container[str]
) -> list[tuple[str, int, Callable[[str], Any]]]:
    if not header:
        raise ImportFailedError(f"{name} is empty: a header is needed")
    if repeated := [column for column in dict.fromkeys(header) if header.count(column) > 1]:
        raise ImportFailedError(f"{name} names columns more than once: [{', '.join(repeated)}]")
    columns = [column for column in schema.columns if column.name not in absent]
    missing = [column.name for column in columns if column.name not in header]
    if missing:
        raise ImportFailedError(f"{name} lacks columns of the schema: [{', '.join(missing)}]")
    return [(column.name, header.index(column.name), text_reader(column)) for column in columns]


def _read_row(places: list[tuple[str, int, Callable[[str], Any]]], row: list[str], width: int) -> dict[str, Any]:
    if len(row) != width:
        raise InvalidValueError(f"the header names {width} columns and this record has {len(row)}")
    return {name: read(row[place]) for name, place, read in places}
