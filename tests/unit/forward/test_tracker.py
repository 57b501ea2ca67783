"""Events in the tracker's format, and its limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from backend.contract import Event, read_event
from backend.forward.tracker import tracker_entry
from tests.factories.lambda_events import ARRIVED_AT, kinesis_record, to_bytes
from tests.factories.records import numbered_event
from tests.fakes.functions.forwarder import Forwarder
from tests.fakes.personalize import FakeTracker


def read(**differences: Any) -> Event:
    event = read_event(to_bytes(numbered_event(**differences)), now=ARRIVED_AT)
    assert isinstance(event, Event), event
    return event


def test_the_fake_refuses_a_member_that_put_events_does_not_have():
    entry = tracker_entry(read())
    assert isinstance(entry, dict)
    with pytest.raises(ParamValidationError, match="itemID"):
        FakeTracker().put_events(trackingId="tracker-1", sessionId="s", eventList=[{**entry, "itemID": "mug"}])


def test_every_field_is_converted():
    entry = tracker_entry(
        read(
            event_type="Purchase",
            event_value=19.5,
            recommendation_id="RID-1",
            impression=["mug", "cup"],
            device="phone",
        )
    )
    assert isinstance(entry, dict)
    assert json.loads(entry.pop("properties")) == {"device": "phone", "hour": "12"}
    assert {name: entry[name] for name in ("eventType", "eventValue", "recommendationId", "impression")} == {
        "eventType": "Purchase",
        "eventValue": 19.5,
        "recommendationId": "RID-1",
        "impression": ["mug", "cup"],
    }


@pytest.mark.parametrize("properties", [{"user_id": "x"}, {"timestamp": 1}, {"a_b": 1, "aB": 2}, {"device": 3}])
def test_the_tracker_gets_the_columns_of_the_data_set_and_no_property(properties):
    entry = tracker_entry(read(properties=properties, timestamp="2026-01-31T03:59:59.999+02:00"))
    assert isinstance(entry, dict)
    assert json.loads(entry["properties"]) == {"hour": "01"}


def test_a_search_is_no_interaction_with_an_item():
    entry = tracker_entry(read(event_type="Search"))
    assert isinstance(entry, dict)
    assert "itemId" not in entry


def test_an_event_that_is_no_interaction_names_the_user_of_its_session_as_a_search():
    forwarder = Forwarder()
    event = numbered_event(
        1,
        event_type="RemoveFromCart",
        event_value=2.5,
        recommendation_id="RID-1",
        impression=["mug"],
    )

    outcome = forwarder.forward(kinesis_record(0, event))

    [(user, session, [entry])] = forwarder.tracker.calls
    assert (outcome.forwarded, user, session) == (1, "ann", "session#s-1")
    assert {name: value for name, value in entry.items() if name != "sentAt"} == {
        "eventId": "e-1",
        "eventType": "Search",
        "properties": '{"hour":"12"}',
    }
    [item] = forwarder.history.values()
    assert (item["event_type"], "item_id" in item) == ({"S": "Search"}, False)


def test_an_event_beyond_the_trackers_limit_is_bad():
    # Given an event of almost the size that the contract permits, with an id that does not count there
    ids = [f"{n:02d}" + "é" * 195 for n in range(25)]
    forwarder = Forwarder()
    fit = tracker_entry(read(impression=ids))
    assert isinstance(fit, dict)
    outcome = forwarder.forward(kinesis_record(0, numbered_event(impression=ids, event_id="é" * 256)))
    assert outcome.bad == 1
    assert "event tracker's format" in forwarder.bad_rows[0]["errors"][0]["rule"]
