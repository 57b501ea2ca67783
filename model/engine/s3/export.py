"""Exports datasets as CSV: imported records, streamed records, or both.

Developer guide, "Exporting the training data in a dataset to Amazon S3": of identical records one is exported; of items
and users with the same id, the latest if both bulk and streamed data are exported, and otherwise all; of interactions,
all.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
from typing import TYPE_CHECKING, Any

from model.datasets.dataset_types import INTERACTIONS, KEYS
from model.engine.storage.event_log.records import EndRecord, EventRecord, Record, RowRecord
from model.engine.storage.import_part import ROWS_FILE, read_interactions, read_rows, shortest_decimal
from model.engine.storage.interactions.time_order import user_of_import, users_in_time_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from model.datasets.avro_schema import Schema
    from model.datasets.identity.session_users import SessionUsers

    Row = dict[str, Any]

BULK, PUT, ALL = "BULK", "PUT", "ALL"
IMPRESSION_SEPARATOR = "|"  # between the items of an impression, as in imports


def read_rows_to_export(schema: Schema, mode: str, parts: Sequence[Path], log: Iterable[Record]) -> Iterator[Row]:
    """Yield the rows of a dataset that an export contains, as values by column.

    Parameters
    ----------
    mode : str
        BULK, PUT or ALL.
    parts : sequence of Path
        Directories of the import parts, oldest first; not read for PUT.
    log : iterable of Record
        Streamed records of the dataset group, oldest first; read several times, or not at all for BULK. Where they
        are exported, a session's events have the users of the session by time, imported ones as well.
    """
    imported = parts if mode != PUT else ()
    streamed = log if mode != BULK else ()
    if schema.dataset_type == INTERACTIONS:
        users = users_in_time_order(streamed, EventRecord)
        for row in itertools.chain.from_iterable(read_interactions(part, INTERACTIONS) for part in imported):
            yield {**row, "USER_ID": user_of_import(row["USER_ID"], users)}
        yield from _streamed_events(schema, streamed, users)
        return
    key = KEYS[schema.dataset_type]
    imported_rows = itertools.chain.from_iterable(read_rows(part / ROWS_FILE) for part in imported)
    rows = itertools.chain(imported_rows, _streamed_rows(schema.dataset_type, streamed))
    for row_id, row in dict(rows).items() if mode == ALL else rows:
        yield {key: row_id, **row}


def write_csv(schema: Schema, rows: Iterable[Row], path: Path) -> int:
    """Write distinct rows as CSV, with the columns of the schema, and return their number."""
    names = [column.name for column in schema.columns]
    written: set[bytes] = set()
    line = io.StringIO()
    # In imports a backslash escapes the next character, so it must be escaped.
    writer = csv.writer(line, escapechar="\\")
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(names) + "\n")
        for row in rows:
            line.seek(0)
            line.truncate()
            writer.writerow([_text(row.get(name)) for name in names])
            # The writer quotes what its line end has, so a carriage return too; the file's lines end as others do.
            text = line.getvalue().removesuffix("\r\n") + "\n"
            # A digest takes a fraction of the memory of the row.
            digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
            if digest not in written:
                written.add(digest)
                file.write(text)
    return len(written)


def _streamed_rows(dataset_type: str, log: Iterable[Record]) -> Iterator[tuple[str, Row]]:
    start = _last_deletion(dataset_type, log)
    for place, record in enumerate(log):
        if place >= start and isinstance(record, RowRecord) and record.dataset_type == dataset_type:
            yield record.row_id, record.row


def _streamed_events(schema: Schema, log: Iterable[Record], users: SessionUsers[EventRecord]) -> Iterator[Row]:
    start = _last_deletion(INTERACTIONS, log)
    by_property = schema.by_property()
    for place, record in enumerate(log):
        # An event without an item may identify the user of a session, but is not an interaction.
        if type(record) is EventRecord and place >= start and record.item_id is not None:
            properties = json.loads(record.properties) if record.properties else {}
            yield {
                **{column.name: properties.get(name) for name, column in by_property.items()},
                "USER_ID": users.of_event(record) or record.session_id,
                "ITEM_ID": record.item_id,
                "TIMESTAMP": record.time,
                "EVENT_TYPE": record.event_type,
                "EVENT_VALUE": None if record.value is None else shortest_decimal(record.value),
                "IMPRESSION": IMPRESSION_SEPARATOR.join(record.impression) or None,
                "RECOMMENDATION_ID": record.recommendation_id,
                "EVENT_ATTRIBUTION_SOURCE": record.source,
            }


def _last_deletion(dataset_type: str, log: Iterable[Record]) -> int:
    """Return the place in the log of the last deletion of a dataset; earlier records are not part of the dataset."""
    places = [
        place
        for place, record in enumerate(log)
        if isinstance(record, EndRecord) and record.dataset_type == dataset_type
    ]
    return places[-1] if places else 0


def _text(value: Any) -> Any:
    # The form that imports read.
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
