"""The types of pages allow each type of event the fields that the model allows it, and no others."""

from __future__ import annotations

import json

import pytest

from backend.contract import Refusal, limits, read_event
from backend.contract.generators.web import typescript
from backend.contract.rules.event_types import TYPES
from tests.factories.records import NOW

VALUES = {
    "item_id": "i-1",
    "impression": ["i-1", "i-2"],
    "positions": [1, 2],
    "event_value": 3.5,
    "currency": "EUR",
    "order_id": "o-1",
    "quantity": 2,
    "position": 3,
    "slot": "home-top",
    "variation": "a",
    "model": "m",
    "source": "cache",
    "device": "phone",
    "recommendation_id": "RID-1",
    "properties": {"campaign": "spring"},
}


def is_accepted(event_type, **fields):
    identity = {"session_id": "s-1", "timestamp": "2026-01-31T12:00:00Z", "event_type": event_type}
    return not isinstance(read_event(json.dumps(identity | fields).encode(), now=NOW), Refusal)


@pytest.mark.parametrize("event_type", TYPES)
def test_the_fields_of_a_type_are_those_of_the_model(event_type):
    required = typescript.required_field(event_type)
    least = {required: VALUES[required]} if required else {}
    # A currency is refused without the value that it belongs to.
    needed = {"currency": {"event_value": VALUES["event_value"]}} if event_type != "Impression" else {}

    assert is_accepted(event_type, **least)
    assert not required or not is_accepted(event_type)
    for name, value in VALUES.items():
        fields = {**least, **needed.get(name, {}), name: value}
        assert is_accepted(event_type, **fields) == typescript.is_allowed(name, event_type), name


def test_every_field_of_the_types_is_tried():
    given = {
        line.split("?:")[0].strip()
        for line in typescript.module().split("export interface EventFields")[0].splitlines()
        if "?:" in line
    }

    assert given - {"event_id", "user_id", "session_id", "visitor_id", "consent"} == set(VALUES)


def test_the_limits_are_the_contracts():
    module = typescript.module()

    assert f"export const MAX_IMPRESSION_ITEMS = {limits.MAX_IMPRESSION_ITEMS};" in module
    assert f"export const MAX_EVENTS_PER_REQUEST = {limits.MAX_EVENTS_PER_REQUEST};" in module
