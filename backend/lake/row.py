"""An event as a row of the lake: a line of JSON with the table's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from backend.contract import event_id_of
from backend.contract.instants import write_hive_timestamp
from backend.contract.rules.event_types import IMPRESSION

if TYPE_CHECKING:
    from datetime import datetime

    from backend.contract import Event


class LakeRow(msgspec.Struct, omit_defaults=True):
    """A row of the `events` table; its attributes are the columns, and an absent one is NULL."""

    event_id: str
    user_id: str | None
    session_id: str | None
    item_id: str | None
    timestamp: str
    event_type: str
    event_value: float | None = None
    impression: list[str] | None = None
    recommendation_id: str | None = None
    properties: str | None = None
    consent: str = ""
    schema_version: str = ""
    received_at: str = ""
    bot: bool = False
    visitor_id: str | None = None
    order_id: str | None = None
    quantity: int | None = None
    currency: str | None = None
    position: int | None = None
    positions: list[int] | None = None
    slot: str | None = None
    variation: str | None = None
    model: str | None = None
    source: str | None = None
    device: str | None = None
    producer: str | None = None


_encode = msgspec.json.Encoder().encode


def write_row(event: Event, arrived_at: datetime, *, is_bot: bool = False) -> bytes:
    """Return an event as a row: JSON and a line break, since Firehose joins records without a separator.

    Parameters
    ----------
    arrived_at
        When the stream accepted it; the time of receipt of an event that bypassed the front door.
    is_bot
        Whether it is marked as a bot's; the column is NULL otherwise.
    """
    row = LakeRow(
        event_id=event_id_of(event),
        user_id=event.user_id,
        session_id=event.session_id,
        item_id=event.item_id,
        timestamp=write_hive_timestamp(event.timestamp),
        event_type=event.event_type,
        event_value=event.event_value,
        impression=event.impression,
        recommendation_id=event.recommendation_id,
        properties=None if event.properties is None else _encode(event.properties).decode(),
        consent=event.consent,
        schema_version=event.schema_version,
        received_at=write_hive_timestamp(event.received_at or arrived_at),
        bot=is_bot,
        visitor_id=event.visitor_id,
        order_id=event.order_id,
        quantity=event.quantity,
        currency=event.currency,
        position=event.position,
        positions=_positions_of(event),
        slot=event.slot,
        variation=event.variation,
        model=event.model,
        source=event.source,
        device=event.device,
        # Only a server writes to the stream without the front door.
        producer=event.producer or "server",
    )
    return _encode(row) + b"\n"


def _positions_of(event: Event) -> list[int] | None:
    """Return the positions of a list that was seen: those that it states, or 1, 2, 3 and so on."""
    if event.event_type != IMPRESSION or event.impression is None:
        return None
    return event.positions or list(range(1, len(event.impression) + 1))
