"""Events in the tracker's format, and its limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from backend.contract import Event, Refusal, read_event
from backend.forward.tracker import MAX_EVENT_BYTES, tracker_entry
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
            properties={"page_type": "home", "isNew": True, "n": None, "été_x": 1},
        )
    )
    assert isinstance(entry, dict)
    assert json.loads(entry.pop("properties")) == {"pageType": "home", "isNew": True, "n": None, "étéX": 1}
    assert {name: entry[name] for name in ("eventType", "eventValue", "recommendationId", "impression")} == {
        "eventType": "Purchase",
        "eventValue": 19.5,
        "recommendationId": "RID-1",
        "impression": ["mug", "cup"],
    }


@pytest.mark.parametrize(
    "properties",
    [{"user_id": "x"}, {"UserId": "x"}, {"timestamp": 1}, {"a_b": 1, "aB": 2}],
)
def test_forbidden_and_colliding_properties_are_bad(properties):
    entry = tracker_entry(read(properties=properties))
    assert isinstance(entry, Refusal)
    assert entry.errors[0].field.startswith("properties.")


def test_an_event_beyond_the_trackers_limit_is_bad():
    # Of the largest impression in the longest characters, and properties whose quotes have to be escaped once more.
    ids = [f"{n:02d}" + "é" * 150 for n in range(25)]
    properties = {f"p{n}": '"' * 16 for n in range(24)}
    forwarder = Forwarder()
    fit = tracker_entry(read(impression=ids, properties=properties))
    assert isinstance(fit, dict)
    too_large = numbered_event(impression=[f"{n:02d}" + "é" * 195 for n in range(25)], properties=properties)
    outcome = forwarder.forward(kinesis_record(0, too_large))
    assert outcome.bad == 1
    assert str(MAX_EVENT_BYTES) in forwarder.bad_rows[0]["errors"][0]["rule"]
