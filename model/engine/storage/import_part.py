"""Import parts: the data of one import of a dataset, as files in a directory.

A part of events has `columns.npz`, the columns that serving and training need, and `rest.jsonl`, the other columns,
one line per event in the same order, which only exports read. A part of another dataset has `rows.jsonl`, a line
`[id, row]` for each row. A part is written once and never changed; another part may replace it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec
import numpy as np

from model.datasets.columns import read_columns, write_columns
from model.datasets.csv_import import to_columns
from model.datasets.dataset_types import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from model.datasets.avro_schema import Schema
    from model.datasets.columns import Columns

COLUMNS_FILE, REST_FILE, ROWS_FILE = "columns.npz", "rest.jsonl", "rows.jsonl"
# Stored in `columns.npz`, as are categorical columns; all others are stored in `rest.jsonl`.
IN_COLUMNS = frozenset({"USER_ID", "ITEM_ID", "ACTION_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE"})

Row = dict[str, Any]


def write_rows(path: Path, rows: Iterable[tuple[str, Row]]) -> int:
    """Write rows with their ids to a file and return their number."""
    encoder, written = msgspec.json.Encoder(), 0
    with path.open("wb") as file:
        for row in rows:
            file.write(encoder.encode(row) + b"\n")
            written += 1
    return written


def read_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield the ids and rows that `write_rows` wrote."""
    decoder = msgspec.json.Decoder(tuple[str, Row])
    with path.open("rb") as file:
        for line in file:
            yield decoder.decode(line)


def write_interactions(part: Path, schema: Schema, rows: Iterable[Row]) -> Columns:
    """Write the events of a part and return their columns."""
    context = {column.name for column in schema.context()}
    rest = [column.name for column in schema.columns if column.name not in IN_COLUMNS | context]
    encoder = msgspec.json.Encoder()

    def with_rest(file: BinaryIO) -> Iterator[Row]:
        for row in rows:
            file.write(encoder.encode({name: row[name] for name in rest}) + b"\n")
            yield row

    with (part / REST_FILE).open("wb") as file:
        columns = to_columns(with_rest(file), schema)
    write_columns(part / COLUMNS_FILE, columns)
    return columns


def shortest_decimal(value: float) -> float | None:
    """Return the shortest decimal of the float32 that a value is kept as; None if that is missing or infinite."""
    with np.errstate(over="ignore"):  # earlier versions accepted numbers beyond float32
        kept = np.float32(value)
    return float(str(kept)) if np.isfinite(kept) else None


def read_interactions(part: Path, dataset_type: str) -> Iterator[Row]:
    """Yield the events of a part with all imported columns, as values by column; None for a missing value."""
    columns = read_columns(part / COLUMNS_FILE)
    subject, decoder = SUBJECTS[dataset_type], msgspec.json.Decoder(Row)
    with (part / REST_FILE).open("rb") as rest:
        for place, line in enumerate(rest):
            row: Row = {
                "USER_ID": columns.user_ids[columns.users[place]],
                subject: columns.item_ids[columns.items[place]],
                "TIMESTAMP": int(columns.times[place]),
                "EVENT_TYPE": columns.event_types[columns.kinds[place]] or None,
                "EVENT_VALUE": shortest_decimal(columns.values[place]),
            }
            for name, column in columns.context.items():
                code = int(column.codes[place])
                row[name] = None if code < 0 else column.values[code]
            yield {**row, **decoder.decode(line)}
