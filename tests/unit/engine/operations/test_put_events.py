"""PutEvents: what it would not be able to read again, or would fill the memory, is refused before it is stored."""

from __future__ import annotations

import asyncio
import time

import pytest

from model.engine.operations.data.events import put_events
from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError
from model.engine.storage.dataset_group import DatasetGroup
from tests.fakes.engine.tracking import CALLER, TRACKING_ID, tracking_engine


def request(*event_types, properties="{}"):
    events = [{"eventType": kind, "itemId": "i", "sentAt": 1, "properties": properties} for kind in event_types]
    return {"trackingId": TRACKING_ID, "userId": "u", "sessionId": "s", "eventList": events}


def put(folder, *requests):
    """Return the dataset group after the requests, and what its log has after a restart."""

    async def run():
        for number in range(2):
            group = await DatasetGroup.open(folder, {})
            for each in requests if number == 0 else ():
                await put_events(tracking_engine(group), CALLER, each)
            await group.close()
        return group

    return asyncio.run(run())


def test_new_event_types_beyond_the_limit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "EVENT_TYPES", 3)

    with pytest.raises(InvalidInputError, match="there are 3 already; there may be 3: an event type is a kind of act"):
        put(tmp_path, request("View", "Click"), request("Click", "Buy"), request("View", "view-17"))

    group = put(tmp_path)
    assert group.interactions.streamed_count == 3  # the same click twice is one
    assert group.interactions.event_type_count == 3


def test_the_limit_of_event_types_leaves_room_for_the_calls_of_one_moment():
    assert limits.EVENT_TYPES + 10 * limits.REQUESTS_AT_ONCE < 2**15


@pytest.mark.parametrize("properties", ['{"title": "\\ud83d"}', '{"title": [{"\\udc00 a": 1}]}'])
def test_a_half_of_a_surrogate_pair_is_refused(tmp_path, properties):
    with pytest.raises(InvalidInputError, match=r"eventList\[0\].properties has a part of a character"):
        put(tmp_path, request("View", properties=properties))


def test_a_whole_surrogate_pair_is_accepted(tmp_path):
    assert put(tmp_path, request("View", properties='{"title": "\\ud83d\\ude00"}')).interactions.streamed_count == 1


def test_a_clock_that_runs_ahead_does_not_keep_an_item_the_newest(tmp_path):
    ahead, later = request("View"), request("View")
    ahead["eventList"][0] |= {"itemId": "ahead", "sentAt": time.time() + 10 * 365 * 86_400}
    later["eventList"][0] |= {"itemId": "later", "sentAt": time.time() + 60}

    group = put(tmp_path, ahead, later)

    assert group.interactions.history("u") == ["later", "ahead"]
