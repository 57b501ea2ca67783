"""The rows of the table of cases as events of the contract."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from backend.contract import Event
from backend.contract.rules.identity import forwarded_type
from tests.factories.identity.cases import Row

START = datetime(2026, 1, 31, 12, tzinfo=UTC)

ROWS = st.lists(
    st.builds(
        Row,
        event_id=st.just(""),
        second=st.integers(0, 3),
        user_id=st.sampled_from([None, None, "ann", "bob", "eve"]),
        session_id=st.sampled_from("st"),
        owner=st.none(),
        served=st.none(),
        event_type=st.sampled_from(["View", "View", "Search", "RemoveFromCart", "Impression"]),
        consent=st.just("granted"),
    ),
    max_size=14,
).map(lambda rows: [row._replace(event_id=f"{place * 7 % 15:02}") for place, row in enumerate(rows)])
"""Stored events of two sessions, in an order of arrival that is neither that of their times nor that of their ids."""


def event_of(row: Row) -> Event:
    """Return the event of a row."""
    return Event(
        event_id=row.event_id,
        user_id=row.user_id,
        session_id=row.session_id,
        item_id="i-1",
        timestamp=START + timedelta(seconds=row.second),
        event_type=row.event_type,  # type: ignore[arg-type]  # of every version of the contract
        consent=row.consent,  # type: ignore[arg-type]  # a string of the table
    )


def forwarded(rows: list[Row]) -> list[Row]:
    """Return the rows that the stream sends to the event tracker, with the types that they have there."""
    sent = ((row, forwarded_type(event_of(row))) for row in rows if row.consent != "denied")
    return [row._replace(event_type=event_type) for row, event_type in sent if event_type is not None]
