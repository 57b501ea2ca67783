"""File formats of public data sets, and the conversion of their rows to events."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from data.loaders.conversion import Payload, broken_row, encode_payload, epoch_to_rfc3339, parse_number
from data.loaders.files import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from data.loaders.conversion import Fields


class FileFormat(NamedTuple):
    """The format of a delimited file of events; `convert` turns a row of `columns` values into an event's fields."""

    name: str
    delimiter: str
    columns: int
    has_header: bool
    is_quoted: bool
    convert: Callable[[list[str]], Fields]


def read_payloads(path: Path, file_format: FileFormat) -> Iterator[Payload]:
    """Yield the events of a file; a line that is no row is yielded unchanged, to be refused."""
    source = read_rows(path, file_format.delimiter, file_format.columns, is_quoted=file_format.is_quoted)
    if file_format.has_header:
        next(source, None)
    for row in source:
        yield broken_row(row) if row.rule else Payload(encode_payload(file_format.convert(row.values)), row.line)


def _convert_session_click(row: list[str]) -> Fields:
    session, item, seconds = row
    return {"event_type": "Click", "session_id": session, "item_id": item, "timestamp": epoch_to_rfc3339(seconds)}


def _convert_click(row: list[str]) -> Fields:
    session, timestamp, item, category = row
    return {
        "event_type": "Click",
        "session_id": session,
        "item_id": item,
        "timestamp": timestamp,
        "properties": {"category": category},
    }


def _convert_purchase(row: list[str]) -> Fields:
    session, timestamp, item, price, quantity = row
    return {
        "event_type": "Purchase",
        "session_id": session,
        "item_id": item,
        "timestamp": timestamp,
        "event_value": parse_number(price),
        "properties": {"quantity": parse_number(quantity)},
    }


def _convert_rating(row: list[str]) -> Fields:
    user, movie, rating, seconds = row
    return {
        "event_type": "Rating",
        "user_id": user,
        "item_id": movie,
        "timestamp": epoch_to_rfc3339(seconds),
        "event_value": parse_number(rating),
    }


# YooChoose as used in research on session-based recommendation, and as published for the RecSys Challenge 2015.
YOOCHOOSE_SESSIONS = FileFormat("YooChoose sessions", "\t", 3, True, False, _convert_session_click)
YOOCHOOSE_CLICKS = FileFormat("YooChoose clicks", ",", 4, False, False, _convert_click)
YOOCHOOSE_BUYS = FileFormat("YooChoose purchases", ",", 5, False, False, _convert_purchase)
MOVIELENS_RATINGS = FileFormat("MovieLens ratings", ",", 4, True, True, _convert_rating)
MOVIELENS_100K = FileFormat("MovieLens ratings", "\t", 4, False, False, _convert_rating)
MOVIELENS_1M = FileFormat("MovieLens ratings", "::", 4, False, False, _convert_rating)
