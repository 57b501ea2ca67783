"""The forms of events that public sets come in: how a row of each becomes an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from data.loaders.conversion import moment_of_epoch, number_of, payload_of
from data.loaders.sources import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from data.loaders.conversion import Fields


class Form(NamedTuple):
    """A delimited file of events.

    Attributes
    ----------
    name
        What it is called in messages.
    delimiter
        Between the columns.
    columns
        How many there are.
    has_header
        Whether the first row names them.
    convert
        From a row with as many columns to the event's fields.
    """

    name: str
    delimiter: str
    columns: int
    has_header: bool
    convert: Callable[[list[str]], Fields]


def payloads(path: Path, form: Form) -> Iterator[bytes]:
    """Yield the events of a file; a row with too few or too many columns goes out as it stands, to be refused."""
    source = rows(path, form.delimiter)
    if form.has_header:
        next(source, None)
    for row in source:
        if len(row) == form.columns:
            yield payload_of(form.convert(row))
        else:
            yield form.delimiter.join(row).encode("utf-8", errors="surrogateescape")


def _click_by_epoch(row: list[str]) -> Fields:
    session, item, seconds = row
    return {"event_type": "Click", "session_id": session, "item_id": item, "timestamp": moment_of_epoch(seconds)}


def _click(row: list[str]) -> Fields:
    session, moment, item, category = row
    return {
        "event_type": "Click",
        "session_id": session,
        "item_id": item,
        "timestamp": moment,
        "properties": {"category": category},
    }


def _buy(row: list[str]) -> Fields:
    session, moment, item, price, quantity = row
    return {
        "event_type": "Purchase",
        "session_id": session,
        "item_id": item,
        "timestamp": moment,
        "event_value": number_of(price),
        "properties": {"quantity": number_of(quantity)},
    }


def _rating(row: list[str]) -> Fields:
    user, film, rating, seconds = row
    return {
        "event_type": "Rating",
        "user_id": user,
        "item_id": film,
        "timestamp": moment_of_epoch(seconds),
        "event_value": number_of(rating),
    }


# YooChoose as session-based research passes it on, and as the RecSys Challenge of 2015 published it.
YOOCHOOSE_SESSIONS = Form("YooChoose sessions", "\t", 3, True, _click_by_epoch)
YOOCHOOSE_CLICKS = Form("YooChoose clicks", ",", 4, False, _click)
YOOCHOOSE_BUYS = Form("YooChoose purchases", ",", 5, False, _buy)
MOVIELENS_RATINGS = Form("MovieLens ratings", ",", 4, True, _rating)
