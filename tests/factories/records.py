"""Valid events, items and users as JSON; a keyword sets a field, ``...`` leaves it out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 2, 1, tzinfo=UTC)
"""The moment at which the events of these factories are read."""

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
"""The time of the first numbered event."""


def event_fields(**changes: Any) -> dict[str, Any]:
    fields = {
        "event_id": "e-1",
        "event_type": "View",
        "timestamp": "2026-01-31T12:00:00.000Z",
        "user_id": "u-1",
        "session_id": "s-1",
        "item_id": "i-1",
    }
    return _changed(fields, changes)


def numbered_event(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return the event of a session that happens `number` seconds after `START`."""
    at = (START + timedelta(seconds=number)).isoformat()
    return event_fields(**{"event_id": f"e-{number}", "timestamp": at, "user_id": "ann", "item_id": "mug", **changes})


def event_json(**changes: Any) -> bytes:
    return json.dumps(event_fields(**changes)).encode()


def full_event_fields(**changes: Any) -> dict[str, Any]:
    """Return a purchase with every field but `positions`, which only an Impression has."""
    return event_fields(
        **{
            "event_type": "Purchase",
            "event_value": 19.9,
            "impression": ["i-1", "i-2"],
            "recommendation_id": "RID-1",
            "properties": {"gift": True, "campaign": None},
            "consent": "granted",
            "schema_version": "1",
            "received_at": "2026-01-31T12:00:01.000Z",
            "visitor_id": "v-1",
            "order_id": "o-1",
            "quantity": 2,
            "currency": "EUR",
            "position": 3,
            "slot": "home-top",
            "variation": "control",
            "model": "user-personalization",
            "source": "recommender",
            "device": "phone",
            "producer": "server",
            **changes,
        }
    )


def impression_fields(**changes: Any) -> dict[str, Any]:
    """Return an Impression: a list of two items that was seen, without the optional positions."""
    shown = {"event_type": "Impression", "impression": ["i-1", "i-2"], "recommendation_id": "RID-1"}
    return event_fields(**{**shown, "item_id": ..., **changes})


def item_fields(**changes: Any) -> dict[str, Any]:
    fields = {
        "item_id": "i-1",
        "title": "Walking boots",
        "category": "Shoes|Boots",
        "price": 129.0,
        "brand": "Northway",
        "availability": "in_stock",
        "description": "Waterproof.\nMade for long days.",
        "created_at": "2025-06-01T00:00:00.000Z",
        "properties": {"colour": "brown"},
    }
    return _changed(fields, changes)


def user_fields(**changes: Any) -> dict[str, Any]:
    fields = {
        "user_id": "u-1",
        "age_group": "25-34",
        "gender": "F",
        "interests": "Hiking|Cooking",
        "membership": "gold",
        "created_at": "2025-06-01T00:00:00.000Z",
        "properties": {"newsletter": True},
        "country": "DE",
        "region": "Bavaria",
        "city": "Munich",
        "device": "phone",
    }
    return _changed(fields, changes)


def _changed(fields: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**fields, **changes}.items() if value is not ...}
