"""The hot path and the models accept the same records and write them the same way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from backend.contract import (
    Refusal,
    event_id_of,
    read_event,
    read_events,
    read_item,
    read_user,
    write_event,
    write_item,
    write_user,
)
from backend.contract.models import Event as EventModel
from backend.contract.models import Item as ItemModel
from backend.contract.models import User as UserModel
from tests.factories.records import NOW, full_event_fields, impression_fields, item_fields, user_fields
from tests.unit.contract.strategies import item_mutations, mutations, payloads, shown_lists, valid_events, valid_items

many = settings(max_examples=300)


def _as_model(model, payload):
    try:
        return model.model_validate_json(payload, context={"now": NOW})
    except ValidationError:
        return None


@many
@given(st.one_of(payloads(valid_events, mutations), payloads(shown_lists, mutations)))
def test_an_event_is_accepted_by_both_or_by_neither_and_written_alike(payload):
    event, model = read_event(payload, now=NOW), _as_model(EventModel, payload)

    assert isinstance(event, Refusal) == (model is None)
    if not isinstance(event, Refusal):
        assert write_event(event) == model.canonical()


@many
@given(payloads(valid_items, item_mutations))
def test_an_item_is_accepted_by_both_or_by_neither_and_written_alike(payload):
    item, model = read_item(payload), _as_model(ItemModel, payload)

    assert isinstance(item, Refusal) == (model is None)
    if not isinstance(item, Refusal):
        assert write_item(item) == model.canonical()


@pytest.mark.parametrize(
    ("read", "write", "model", "fields", "absent"),
    [
        (lambda payload: read_event(payload, now=NOW), write_event, EventModel, full_event_fields(), {"positions"}),
        (read_item, write_item, ItemModel, item_fields(), set()),
        (read_user, write_user, UserModel, user_fields(), set()),
    ],
)
def test_every_field_of_a_full_record_is_written(read, write, model, fields, absent):
    # Given a record with every field set that its type can have
    assert set(fields) == set(model.model_fields) - absent

    written = write(read(json.dumps(fields).encode()))

    assert json.loads(written) == fields
    assert list(json.loads(written)) == [name for name in model.model_fields if name not in absent]


def test_the_positions_of_a_list_are_written():
    fields = impression_fields(positions=[2, 7])

    event = read_event(json.dumps(fields).encode(), now=NOW)

    assert not isinstance(event, Refusal)
    assert json.loads(write_event(event)) == fields | {"consent": "granted", "schema_version": "1"}


@many
@given(payloads(valid_events, mutations))
def test_a_written_event_is_read_back_unchanged(payload):
    event = read_event(payload, now=NOW)
    if isinstance(event, Refusal):
        return

    # When it gets what the front door adds
    event_id = event_id_of(event)
    event.event_id, event.received_at = event_id, NOW
    again = read_event(write_event(event), now=NOW)

    assert again == event
    assert write_event(again) == write_event(event)


@many
@given(payloads(valid_events, mutations))
def test_an_id_does_not_depend_on_arrival_spelling_or_reading(payload):
    event = read_event(payload, now=NOW)
    if isinstance(event, Refusal):
        return
    expected = event_id_of(event)

    # When it is spelt otherwise and stamped on arrival
    fields = dict(reversed(json.loads(payload).items()))
    fields |= {"received_at": "2026-01-31T13:00:00Z", "producer": "page"}
    again = read_event(json.dumps(fields, indent=1, ensure_ascii=True).encode(), now=NOW)

    assert not isinstance(again, Refusal)
    assert event_id_of(again) == expected


@settings(max_examples=100)
@given(st.lists(payloads(valid_events, mutations), min_size=1, max_size=5))
def test_a_batch_is_read_as_its_events_are_read_alone(events):
    # Given only events that are JSON at all, since a body that is not is refused as a whole
    events = [event for event in events if _is_json(event)]
    if not events:
        return

    together = read_events(b"[" + b", ".join(events) + b"]", now=NOW)

    assert together == [read_event(event, now=NOW) for event in events]


def _is_json(payload):
    try:
        json.loads(payload.decode())
    except ValueError:
        return False
    return True
