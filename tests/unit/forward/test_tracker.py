"""Events in the tracker's words, and the limits of what it takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.contract import Event, Refusal, read_event
from backend.forward.tracker import MAX_EVENT_BYTES, say
from tests.unit.forward.world import ARRIVED, World, data_of, event, record


def read(**differences: Any) -> Event:
    found = read_event(data_of(event(**differences)), now=ARRIVED)
    assert isinstance(found, Event), found
    return found


def test_every_field_has_its_place():
    said = say(
        read(
            event_type="Purchase",
            event_value=19.5,
            recommendation_id="RID-1",
            impression=["mug", "cup"],
            properties={"page_type": "home", "isNew": True, "n": None, "été_x": 1},
        )
    )
    assert isinstance(said, dict)
    assert json.loads(said.pop("properties")) == {"pageType": "home", "isNew": True, "n": None, "étéX": 1}
    assert {name: said[name] for name in ("eventType", "eventValue", "recommendationId", "impression")} == {
        "eventType": "Purchase",
        "eventValue": 19.5,
        "recommendationId": "RID-1",
        "impression": ["mug", "cup"],
    }


@pytest.mark.parametrize(
    "properties",
    [{"user_id": "x"}, {"UserId": "x"}, {"timestamp": 1}, {"a_b": 1, "aB": 2}],
)
def test_properties_that_the_tracker_would_refuse_or_mix_up_are_bad(properties):
    said = say(read(properties=properties))
    assert isinstance(said, Refusal)
    assert said.errors[0].field.startswith("properties.")


def test_an_event_that_outgrows_the_limit_in_the_trackers_words_is_bad():
    # Of the largest impression in the longest characters, and properties whose quotes have to be escaped once more.
    ids = [f"{n:02d}" + "é" * 150 for n in range(25)]
    properties = {f"p{n}": '"' * 16 for n in range(24)}
    world = World()
    fit = say(read(impression=ids, properties=properties))
    assert isinstance(fit, dict)
    too_large = event(impression=[f"{n:02d}" + "é" * 195 for n in range(25)], properties=properties)
    outcome = world.forward(record(0, too_large))
    assert outcome.bad == 1
    assert str(MAX_EVENT_BYTES) in world.s3.rows[0]["errors"][0]["rule"]
