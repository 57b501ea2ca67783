"""CSV files to interactions or rows, with the reasons for which an import fails."""

from __future__ import annotations

import csv
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from model.engine.avro_schema import REQUIRED, Column, Schema
from model.engine.columns import Columns
from model.engine.errors import EngineError
from model.engine.values import BadValueError, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Text in double quotes; a quote inside is doubled or escaped with a backslash (developer guide, "Data format").
csv.field_size_limit(1_000_000)


class ImportFailedError(EngineError):
    """The data cannot be imported; the message is the job's failureReason."""

    name = "ImportFailed"


def read_rows(schema: Schema, files: Iterable[tuple[str, Iterable[str]]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of CSV files, checked.

    Parameters
    ----------
    schema : Schema
    files : iterable of (name, lines)
        The name is used in messages only.

    Yields
    ------
    dict
        Values by column; columns that the schema does not know are left out.

    Raises
    ------
    ImportFailedError
    """
    for name, lines in files:
        reader = csv.reader(lines, doublequote=True, escapechar="\\", strict=True)
        try:
            header = next(reader, [])
            places = _places(schema, header, name)
            for row in reader:
                if row:
                    yield _read_row(places, row, len(header))
        except (BadValueError, csv.Error) as error:
            raise ImportFailedError(f"{name}, line {reader.line_num}: {error}") from None
        except UnicodeDecodeError:
            raise ImportFailedError(f"{name} is not UTF-8") from None


def to_columns(rows: Iterable[dict[str, Any]]) -> Columns:
    """Collect rows of an Interactions dataset.

    Parameters
    ----------
    rows : iterable of dict

    Returns
    -------
    Columns
    """
    user_of: dict[str, int] = {}
    item_of: dict[str, int] = {}
    kind_of: dict[str, int] = {}
    users, items, kinds, times, values = array("i"), array("i"), array("h"), array("q"), array("f")
    for row in rows:
        users.append(user_of.setdefault(row["USER_ID"], len(user_of)))
        items.append(item_of.setdefault(row["ITEM_ID"], len(item_of)))
        kinds.append(kind_of.setdefault(row.get("EVENT_TYPE") or "", len(kind_of)))
        times.append(row["TIMESTAMP"])
        value = row.get("EVENT_VALUE")
        values.append(float("nan") if value is None else value)
    return Columns(
        list(user_of),
        list(item_of),
        list(kind_of),
        np.array(users, np.int32),
        np.array(items, np.int32),
        np.array(kinds, np.int16),
        np.array(times, np.int64),
        np.array(values, np.float32),
    )


def to_rows(schema: Schema, rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Collect rows of an Items or Users dataset by id; the last of an id wins.

    Parameters
    ----------
    schema : Schema
    rows : iterable of dict

    Returns
    -------
    dict
    """
    (key,) = REQUIRED[schema.dataset_type]
    return {row[key]: {name: value for name, value in row.items() if name != key} for row in rows}


def _places(schema: Schema, header: list[str], name: str) -> list[tuple[int, Column]]:
    if not header:
        raise ImportFailedError(f"{name} is empty: a header is needed")
    missing = [column.name for column in schema.columns if column.name not in header]
    if missing:
        raise ImportFailedError(f"{name} lacks columns of the schema: [{', '.join(missing)}]")
    return [(header.index(column.name), column) for column in schema.columns]


def _read_row(places: list[tuple[int, Column]], row: list[str], width: int) -> dict[str, Any]:
    if len(row) != width:
        raise BadValueError(f"the header names {width} columns and this record has {len(row)}")
    return {column.name: read_text(column, row[place]) for place, column in places}
