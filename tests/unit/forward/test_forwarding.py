"""What becomes of a batch, in each of the ways that it can go."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from backend.contract import pack
from tests.fakes.faults import denied, server_error, throttled, timeout
from tests.unit.forward.world import START, World, data_of, event, record


def test_events_of_one_session_go_in_tens_with_id_and_time():
    world = World()
    outcome = world.forward(record(0, *(event(n) for n in range(20))), *(record(n, event(n)) for n in range(20, 25)))
    assert (outcome.received, outcome.forwarded, outcome.calls, outcome.first_failed) == (25, 25, 3, None)
    assert [len(events) for _, _, events in world.tracker.calls] == [10, 10, 5]
    assert world.received_ids == [f"e-{n}" for n in range(25)]
    user, session, events = world.tracker.calls[0]
    assert (user, session) == ("ann", "session#s-1")
    assert events[3] == {
        "eventId": "e-3",
        "eventType": "View",
        "sentAt": START + timedelta(seconds=3),
        "itemId": "mug",
    }


def test_events_go_in_the_order_they_happened_not_in_which_they_came():
    world = World()
    world.forward(record(0, event(5)), record(1, event(1)), record(2, event(3)), record(3, event(1, event_id="tie")))
    assert world.received_ids == ["e-1", "tie", "e-3", "e-5"]


def test_calls_do_not_mix_users_or_sessions_and_keep_one_users_order():
    world = World()
    world.forward(
        record(0, event(0), event(1, user_id="bob"), event(2, session_id="s-2"), event(3)),
    )
    anns = [[one["eventId"] for one in events] for user, _, events in world.tracker.calls if user == "ann"]
    assert anns == [["e-0"], ["e-2"], ["e-3"]]


def test_an_anonymous_session_is_not_taken_for_a_user_of_the_same_name():
    world = World()
    world.forward(record(0, event(0, user_id=None, session_id="ann")), record(1, event(1, session_id=None)))
    calls = {user_id: session for user_id, session, _ in world.tracker.calls}
    assert calls[None] == "session#ann"
    assert calls["ann"] != "session#ann"
    assert {user for user, _ in world.history} == {"session#ann", "ann"}


def test_a_session_too_long_for_its_prefix_goes_by_its_digest_everywhere():
    world = World()
    world.forward(record(0, event(0, user_id=None, session_id="s" * 256)))
    [(_, session, _)] = world.tracker.calls
    [(user, _)] = world.history
    assert session == user == "session#" + hashlib.sha256(b"s" * 256).hexdigest()


def test_bad_records_are_kept_and_the_batch_moves_on():
    world = World()
    cut = pack([("key", data_of(event(9)))])[:-1]
    outcome = world.forward(
        record(0, event(0)),
        record(1, b"{"),
        record(2, event(1, event_type="Stare")),
        record(3, cut),
        record(4, event(2)),
    )
    assert (outcome.forwarded, outcome.bad, outcome.first_failed) == (2, 3, None)
    assert [row["reason"] for row in world.s3.rows] == ["malformed_json", "unknown_value", "malformed_aggregate"]
    [key] = world.s3.objects
    assert key.startswith("bad/forward/ingest_date=2026-01-31/")


def test_one_bad_event_of_an_aggregate_leaves_the_others():
    world = World()
    outcome = world.forward(record(0, event(0), b"[]", event(1)))
    assert (outcome.received, outcome.forwarded, outcome.bad) == (3, 2, 1)


def test_events_without_consent_go_nowhere():
    world = World()
    outcome = world.forward(record(0, event(0, consent="denied")))
    assert (outcome.suppressed, outcome.first_failed) == (1, None)
    assert not world.tracker.calls
    assert not world.history
    assert not world.s3.objects


def test_an_event_that_comes_twice_in_a_batch_goes_once():
    world = World()
    outcome = world.forward(record(0, event(0), event(0)), record(1, event(0)))
    assert (outcome.forwarded, outcome.duplicate) == (1, 2)


def test_the_same_event_without_an_id_is_recognized():
    world = World()
    outcome = world.forward(record(0, event(0, event_id=None)), record(1, event(0, event_id=None)))
    assert (outcome.forwarded, outcome.duplicate) == (1, 1)


@pytest.mark.parametrize("position", range(10))
def test_an_event_that_the_tracker_refuses_is_found_among_ten(position):
    world = World()
    world.tracker.refused = {f"e-{position}"}
    outcome = world.forward(record(0, *(event(n) for n in range(10))))
    assert (outcome.forwarded, outcome.bad, outcome.first_failed) == (9, 1, None)
    assert world.received_ids == [f"e-{n}" for n in range(10) if n != position]
    assert [(row["reason"], row["event_id"]) for row in world.s3.rows] == [("refused_by_tracker", f"e-{position}")]


@pytest.mark.parametrize("fault", [throttled(), server_error(), timeout()])
def test_a_failure_that_passes_is_overcome_in_the_same_invocation(fault):
    world = World()
    world.tracker.faults.plan([fault, fault, fault])
    outcome = world.forward(record(0, event(0)))
    assert (outcome.forwarded, outcome.retried, outcome.first_failed) == (1, 0, None)
    assert len(world.slept) == 3
    assert all(0 <= pause <= longest for pause, longest in zip(world.slept, (0.1, 0.2, 0.4), strict=True))


@pytest.mark.parametrize("fault", [throttled(), server_error(), timeout(), denied()])
def test_a_failure_that_lasts_brings_the_record_again(fault):
    world = World()
    world.tracker.faults.always(fault)
    outcome = world.forward(record(7, event(0)), record(8, event(1)))
    assert (outcome.forwarded, outcome.retried) == (0, 2)
    assert outcome.first_failed == f"{7:056d}"
    assert not world.history


def test_a_user_whose_call_fails_holds_back_neither_those_before_nor_their_own_order():
    world = World()
    world.tracker.breaking = {"e-12"}
    outcome = world.forward(
        record(0, event(100, user_id="bob")), record(1, *(event(n) for n in range(25))), record(2, event(30))
    )
    assert outcome.first_failed == f"{1:056d}"
    assert (outcome.forwarded, outcome.retried) == (11, 16)
    assert set(world.received_ids) == {"e-100", *(f"e-{n}" for n in range(10))}


def test_without_a_tracker_everything_waits():
    world = World()
    world.parameters.value = None
    outcome = world.forward(record(0, b"{"), record(1, event(0)))
    assert (outcome.bad, outcome.retried, outcome.first_failed) == (1, 1, f"{1:056d}")
    world.parameters.value = "tracker-1"
    assert world.forward(record(1, event(0))).forwarded == 1


def test_the_tracking_id_is_read_once_a_minute():
    world = World()
    for number in range(3):
        world.forward(record(number, event(number)))
    assert world.parameters.faults.calls == 1
    world.now = 60
    world.forward(record(3, event(3)))
    assert world.parameters.faults.calls == 2


def test_a_tracker_made_anew_costs_a_redelivery_not_the_events():
    world = World()
    world.forward(record(0, event(0)))
    world.tracker.tracking_id = world.parameters.value = "tracker-2"
    outcome = world.forward(record(1, event(1)))
    assert (outcome.retried, outcome.bad, outcome.first_failed) == (1, 0, f"{1:056d}")
    assert world.forward(record(1, event(1))).forwarded == 1


def test_what_a_former_tracker_refuses_in_any_words_is_not_bad():
    world = World()
    world.forward(record(0, event(0)))
    world.tracker.refused = {"e-1"}
    world.parameters.value = "tracker-2"
    assert world.forward(record(1, event(1))).retried == 1
    assert not world.s3.objects


def test_a_tracker_that_is_gone_costs_no_event_even_one_that_speaks_of_tracking():
    world = World()
    world.tracker.tracking_id = "tracker-2"
    records = [record(0, event(0)), record(1, event(1, user_id="bob", item_id="tracking id"))]
    outcome = world.forward(*records)
    assert (outcome.retried, outcome.bad) == (2, 0)


def test_a_refused_event_that_speaks_of_tracking_is_bad_and_holds_nobody_up():
    world = World()
    world.tracker.refused = {"e-0"}
    outcome = world.forward(record(0, event(0, item_id="tracking id")), record(1, event(1)))
    assert (outcome.forwarded, outcome.bad, outcome.first_failed) == (1, 1, None)


def test_history_is_written_in_the_agreed_shape():
    world = World()
    world.forward(record(0, event(1), event(2, event_type="Search", item_id=None, session_id=None)))
    view, search = (item for _, item in sorted(world.history.items()))
    assert view == {
        "person": {"S": "ann"},
        "moment": {"S": "1769860801000#e-1"},
        "event_type": {"S": "View"},
        "item_id": {"S": "mug"},
        "session_id": {"S": "s-1"},
        "expires_at": {"N": str(1769860800 + 3600 + 30 * 86400)},
    }
    assert "item_id" not in search


def test_history_writes_that_stay_unprocessed_are_made_again():
    world = World()
    world.dynamodb.unprocessed = [20, 5]
    outcome = world.forward(record(0, *(event(n) for n in range(30))))
    assert outcome.forwarded == 30
    assert len(world.history) == 30


def test_events_whose_history_cannot_be_written_come_again():
    world = World()
    world.dynamodb.faults["batch_write_item"].always(throttled())
    outcome = world.forward(record(0, event(0)))
    assert (outcome.forwarded, outcome.retried, outcome.first_failed) == (0, 1, f"{0:056d}")
    world.dynamodb.faults["batch_write_item"].always(None)
    assert world.forward(record(0, event(0))).forwarded == 1
    assert world.received_ids == ["e-0"]


def test_an_event_id_too_long_for_a_sort_key_is_remembered_by_its_digest():
    world = World()
    assert world.forward(record(0, event(0, event_id="😀" * 256))).forwarded == 1
    [(_, moment)] = world.history
    assert len(moment) == 14 + 64


def test_bad_rows_that_cannot_be_written_bring_the_record_again():
    world = World()
    world.s3.faults.always(server_error())
    outcome = world.forward(record(0, event(0)), record(1, b"{"), record(2, event(1)))
    assert (outcome.forwarded, outcome.bad, outcome.retried, outcome.first_failed) == (2, 0, 1, f"{1:056d}")


def test_bad_rows_that_will_come_again_are_kept_then():
    world = World()
    world.tracker.breaking = {"e-0"}
    outcome = world.forward(record(0, b"{"), record(1, event(0)), record(2, b"}"))
    assert (outcome.bad, outcome.retried) == (1, 2)
    world.tracker.breaking = set()
    assert world.forward(record(1, event(0)), record(2, b"}")).bad == 1
    assert len(world.s3.rows) == 2


def test_the_same_batch_again_writes_the_same_object():
    world = World()
    for _ in range(2):
        world.forward(record(0, b"{"))
    assert len(world.s3.objects) == 1


def test_when_no_time_is_left_what_is_left_comes_again():
    world = World()
    world.tracker.faults.plan([throttled()])
    world.slept = Clock(world)
    outcome = world.forward(record(0, event(0)))
    assert (outcome.retried, outcome.first_failed) == (1, f"{0:056d}")


class Clock(list[float]):
    """A pause that takes all the time there is."""

    def __init__(self, world: World) -> None:
        self.world = world

    def append(self, _pause: float) -> None:
        self.world.now += 60
