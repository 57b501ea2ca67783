"""The outcomes of a batch, in each of its cases."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest

from backend.contract import aggregate_records
from tests.factories.lambda_events import ARRIVED_AT, kinesis_record, to_bytes
from tests.factories.records import START, numbered_event
from tests.fakes.clock import FakeClock
from tests.fakes.faults import denied, server_error, throttled, timeout
from tests.fakes.functions.forwarder import Forwarder


@pytest.fixture
def forwarder():
    return Forwarder()


def test_events_of_one_session_are_sent_in_tens_with_id_and_time(forwarder):
    outcome = forwarder.forward(
        kinesis_record(0, *(numbered_event(n) for n in range(20))),
        *(kinesis_record(n, numbered_event(n)) for n in range(20, 25)),
    )
    assert (outcome.received, outcome.forwarded, outcome.calls, outcome.first_failed) == (25, 25, 3, None)
    assert [len(events) for _, _, events in forwarder.tracker.calls] == [10, 10, 5]
    assert forwarder.received_ids == [f"e-{n}" for n in range(25)]
    user, session, events = forwarder.tracker.calls[0]
    assert (user, session) == ("ann", "session#s-1")
    assert events[3] == {
        "eventId": "e-3",
        "eventType": "View",
        "sentAt": START + timedelta(seconds=3),
        "itemId": "mug",
        "properties": '{"hour":"12"}',
    }


def test_events_are_sent_in_order_of_time_not_of_arrival(forwarder):
    forwarder.forward(
        kinesis_record(0, numbered_event(5)),
        kinesis_record(1, numbered_event(1)),
        kinesis_record(2, numbered_event(3)),
        kinesis_record(3, numbered_event(1, event_id="tie")),
    )
    assert forwarder.received_ids == ["e-1", "tie", "e-3", "e-5"]


def test_calls_do_not_mix_users_or_sessions_and_keep_one_users_order(forwarder):
    forwarder.forward(
        kinesis_record(
            0,
            numbered_event(0),
            numbered_event(1, user_id="bob"),
            numbered_event(2, session_id="s-2"),
            numbered_event(3),
        ),
    )
    anns = [[sent["eventId"] for sent in events] for user, _, events in forwarder.tracker.calls if user == "ann"]
    assert anns == [["e-0"], ["e-2"], ["e-3"]]


def test_an_anonymous_session_differs_from_a_user_of_the_same_name(forwarder):
    forwarder.forward(
        kinesis_record(0, numbered_event(0, user_id=None, session_id="ann")),
        kinesis_record(1, numbered_event(1, session_id=None)),
    )
    calls = {user_id: session for user_id, session, _ in forwarder.tracker.calls}
    assert calls[None] == "session#ann"
    assert calls["ann"] != "session#ann"
    assert {user for user, _ in forwarder.history} == {"session#ann", "ann"}


def test_a_session_too_long_for_its_prefix_is_replaced_by_its_digest(forwarder):
    forwarder.forward(kinesis_record(0, numbered_event(0, user_id=None, session_id="s" * 256)))
    [(_, session, _)] = forwarder.tracker.calls
    [(user, _)] = forwarder.history
    assert session == user == "session#" + hashlib.sha256(b"s" * 256).hexdigest()


def test_bad_records_become_bad_rows_and_the_batch_continues(forwarder):
    cut = aggregate_records([("key", to_bytes(numbered_event(9)))])[:-1]
    outcome = forwarder.forward(
        kinesis_record(0, numbered_event(0)),
        kinesis_record(1, b"}"),
        kinesis_record(2, numbered_event(1, event_type="Stare")),
        kinesis_record(3, cut),
        kinesis_record(4, numbered_event(2)),
    )
    assert (outcome.forwarded, outcome.bad, outcome.first_failed) == (2, 3, None)
    assert [row["reason"] for row in forwarder.bad_rows] == ["malformed_json", "unknown_value", "malformed_aggregate"]
    [key] = forwarder.s3.keys("bad")
    assert key.startswith("forward/ingest_date=2026-01-31/")


def test_the_other_events_of_an_aggregate_are_forwarded(forwarder):
    outcome = forwarder.forward(kinesis_record(0, numbered_event(0), b"[]", numbered_event(1)))
    assert (outcome.received, outcome.forwarded, outcome.bad) == (3, 2, 1)


def test_events_that_deny_consent_are_not_sent_or_stored(forwarder):
    outcome = forwarder.forward(kinesis_record(0, numbered_event(0, consent="denied")))
    assert (outcome.suppressed, outcome.first_failed) == (1, None)
    assert not forwarder.tracker.calls
    assert not forwarder.history
    assert not forwarder.s3.objects


@pytest.mark.parametrize("payload", [b"{", b'{"consent":"denied","x":1}', b'{"Consent":"no"}'])
def test_unreadable_records_that_may_deny_consent_are_not_stored(forwarder, payload):
    outcome = forwarder.forward(kinesis_record(0, payload))
    assert (outcome.suppressed, outcome.bad, outcome.first_failed) == (1, 0, None)
    assert not forwarder.s3.objects


def test_a_duplicate_in_a_batch_is_sent_once(forwarder):
    outcome = forwarder.forward(
        kinesis_record(0, numbered_event(0), numbered_event(0)), kinesis_record(1, numbered_event(0))
    )
    assert (outcome.forwarded, outcome.duplicate) == (1, 2)


def test_one_id_for_two_users_is_a_bad_row(forwarder):
    outcome = forwarder.forward(
        kinesis_record(0, numbered_event(0)), kinesis_record(1, numbered_event(1, event_id="e-0", user_id="bob"))
    )
    assert (outcome.forwarded, outcome.bad, outcome.duplicate) == (1, 1, 0)
    [row] = forwarder.bad_rows
    assert (row["reason"], row["event_id"]) == ("ambiguous_id", "e-0")
    assert b"bob" in base64.b64decode(row["payload"])


def test_an_aggregate_without_records_is_a_bad_row(forwarder):
    magic = b"\xf3\x89\x9a\xc2"
    empty = magic + hashlib.md5(b"").digest()
    outcome = forwarder.forward(kinesis_record(0, empty), kinesis_record(1, magic))
    assert (outcome.received, outcome.bad, outcome.first_failed) == (2, 2, None)
    assert {row["reason"] for row in forwarder.bad_rows} == {"malformed_aggregate"}


@pytest.mark.parametrize("data", ["a", "%%%%", "e30", 7])
def test_data_that_is_not_base64_is_a_bad_row(forwarder, data):
    wrong = kinesis_record(0, b"{}")
    wrong["kinesis"]["data"] = data
    outcome = forwarder.forward(wrong, kinesis_record(1, numbered_event(1)))
    assert (outcome.forwarded, outcome.bad, outcome.first_failed) == (1, 1, None)
    [row] = forwarder.bad_rows
    assert (row["reason"], base64.b64decode(row["payload"])) == ("malformed_base64", str(data).encode())


def test_an_event_that_the_front_door_accepted_is_not_in_the_future(forwarder):
    received = ARRIVED_AT + timedelta(milliseconds=40)
    latest = {"timestamp": (received + timedelta(minutes=15)).isoformat(), "received_at": received.isoformat()}
    assert forwarder.forward(kinesis_record(0, numbered_event(0, **latest))).forwarded == 1
    far = (ARRIVED_AT + timedelta(days=1)).isoformat()
    assert forwarder.forward(kinesis_record(1, numbered_event(1, timestamp=far, received_at=far))).bad == 1


def test_a_duplicate_without_an_id_is_recognized(forwarder):
    outcome = forwarder.forward(
        kinesis_record(0, numbered_event(0, event_id=None)), kinesis_record(1, numbered_event(0, event_id=None))
    )
    assert (outcome.forwarded, outcome.duplicate) == (1, 1)


@pytest.mark.parametrize("position", range(10))
def test_an_event_that_the_tracker_refuses_is_found_among_ten(forwarder, position):
    forwarder.tracker.refused = {f"e-{position}"}
    outcome = forwarder.forward(kinesis_record(0, *(numbered_event(n) for n in range(10))))
    assert (outcome.forwarded, outcome.bad, outcome.first_failed) == (9, 1, None)
    assert forwarder.received_ids == [f"e-{n}" for n in range(10) if n != position]
    assert [(row["reason"], row["event_id"]) for row in forwarder.bad_rows] == [("refused_by_tracker", f"e-{position}")]


@pytest.mark.parametrize("fault", [throttled(), server_error(), timeout()])
def test_a_temporary_failure_is_retried_in_the_same_invocation(forwarder, fault):
    forwarder.tracker.faults.plan([fault, fault, fault])
    outcome = forwarder.forward(kinesis_record(0, numbered_event(0)))
    assert (outcome.forwarded, outcome.retried, outcome.first_failed) == (1, 0, None)
    assert len(forwarder.clock.sleeps) == 3
    assert all(0 <= pause <= longest for pause, longest in zip(forwarder.clock.sleeps, (0.1, 0.2, 0.4), strict=True))


@pytest.mark.parametrize("fault", [throttled(), server_error(), timeout(), denied()])
def test_a_lasting_failure_redelivers_the_record(forwarder, fault):
    forwarder.tracker.faults.always(fault)
    outcome = forwarder.forward(kinesis_record(7, numbered_event(0)), kinesis_record(8, numbered_event(1)))
    assert (outcome.forwarded, outcome.retried) == (0, 2)
    assert outcome.first_failed == f"{7:056d}"
    assert not forwarder.history


def test_a_failed_call_stops_only_that_user_and_keeps_the_order(forwarder):
    forwarder.tracker.breaking = {"e-12"}
    outcome = forwarder.forward(
        kinesis_record(0, numbered_event(100, user_id="bob")),
        kinesis_record(1, *(numbered_event(n) for n in range(25))),
        kinesis_record(2, numbered_event(30)),
    )
    assert outcome.first_failed == f"{1:056d}"
    assert (outcome.forwarded, outcome.retried) == (13, 14)
    assert set(forwarder.received_ids) == {"e-100", *(f"e-{n}" for n in range(12))}


def test_without_a_tracker_all_events_are_retried(forwarder):
    forwarder.parameters.value = None
    outcome = forwarder.forward(kinesis_record(0, b"}"), kinesis_record(1, numbered_event(0)))
    assert (outcome.bad, outcome.retried, outcome.first_failed) == (1, 1, f"{1:056d}")
    forwarder.parameters.value = "tracker-1"
    assert forwarder.forward(kinesis_record(1, numbered_event(0))).forwarded == 1


def test_the_tracking_id_is_read_once_a_minute(forwarder):
    for number in range(3):
        forwarder.forward(kinesis_record(number, numbered_event(number)))
    assert forwarder.parameters.faults.calls == 1
    forwarder.clock.now = 60
    forwarder.forward(kinesis_record(3, numbered_event(3)))
    assert forwarder.parameters.faults.calls == 2


def test_a_known_tracking_id_is_used_while_the_parameter_is_throttled(forwarder):
    forwarder.forward(kinesis_record(0, numbered_event(0)))
    forwarder.parameters.faults.always(throttled())
    forwarder.clock.now = 60
    assert forwarder.forward(kinesis_record(1, numbered_event(1))).forwarded == 1
    forwarder.tracker.refused = {"e-2"}
    assert forwarder.forward(kinesis_record(2, numbered_event(2), numbered_event(3))).bad == 1


def test_a_deleted_parameter_ends_the_use_of_its_tracking_id(forwarder):
    forwarder.forward(kinesis_record(0, numbered_event(0)))
    forwarder.parameters.value = None
    forwarder.clock.now = 60
    assert forwarder.forward(kinesis_record(1, numbered_event(1))).retried == 1


def test_events_are_redelivered_to_a_replaced_tracker(forwarder):
    forwarder.forward(kinesis_record(0, numbered_event(0)))
    forwarder.tracker.tracking_id = forwarder.parameters.value = "tracker-2"
    outcome = forwarder.forward(kinesis_record(1, numbered_event(1)))
    assert (outcome.retried, outcome.bad, outcome.first_failed) == (1, 0, f"{1:056d}")
    assert forwarder.forward(kinesis_record(1, numbered_event(1))).forwarded == 1


def test_events_refused_by_a_replaced_tracker_are_not_bad(forwarder):
    forwarder.forward(kinesis_record(0, numbered_event(0)))
    forwarder.tracker.refused = {"e-1"}
    forwarder.parameters.value = "tracker-2"
    assert forwarder.forward(kinesis_record(1, numbered_event(1))).retried == 1
    assert not forwarder.s3.objects


def test_events_refused_by_a_deleted_tracker_are_not_bad_even_if_they_mention_tracking(forwarder):
    forwarder.tracker.tracking_id = "tracker-2"
    records = [
        kinesis_record(0, numbered_event(0)),
        kinesis_record(1, numbered_event(1, user_id="bob", item_id="tracking id")),
    ]
    outcome = forwarder.forward(*records)
    assert (outcome.retried, outcome.bad) == (2, 0)


def test_a_refused_event_that_mentions_tracking_is_bad(forwarder):
    forwarder.tracker.refused = {"e-0"}
    outcome = forwarder.forward(
        kinesis_record(0, numbered_event(0, item_id="tracking id")), kinesis_record(1, numbered_event(1))
    )
    assert (outcome.forwarded, outcome.bad, outcome.first_failed) == (1, 1, None)


def test_history_is_written_in_the_agreed_shape(forwarder):
    forwarder.forward(
        kinesis_record(0, numbered_event(1), numbered_event(2, event_type="Search", item_id=None, session_id=None))
    )
    view, search = (item for _, item in sorted(forwarder.history.items()))
    assert view == {
        "person": {"S": "ann"},
        "moment": {"S": "1769860801000#e-1"},
        "event_type": {"S": "View"},
        "item_id": {"S": "mug"},
        "session_id": {"S": "s-1"},
        "tracking_id": {"S": "tracker-1"},
        "expires_at": {"N": str(1769860800 + 3600 + 30 * 86400)},
    }
    assert "item_id" not in search


def test_unprocessed_history_writes_are_retried(forwarder):
    forwarder.dynamodb.unprocessed = [20, 5, None]
    outcome = forwarder.forward(kinesis_record(0, *(numbered_event(n) for n in range(30))))
    assert outcome.forwarded == 30
    assert len(forwarder.history) == 30


def test_events_are_redelivered_while_no_answer_has_unprocessed_items(forwarder):
    forwarder.dynamodb.unprocessed = [None] * 1000
    outcome = forwarder.forward(kinesis_record(0, numbered_event(0)))
    assert (outcome.forwarded, outcome.retried) == (0, 1)


def test_events_without_history_are_redelivered(forwarder):
    forwarder.dynamodb.faults["batch_write_item"].always(throttled())
    outcome = forwarder.forward(kinesis_record(0, numbered_event(0)))
    assert (outcome.forwarded, outcome.retried, outcome.first_failed) == (0, 1, f"{0:056d}")
    forwarder.dynamodb.faults["batch_write_item"].always(None)
    assert forwarder.forward(kinesis_record(0, numbered_event(0))).forwarded == 1
    assert forwarder.received_ids == ["e-0"]


def test_an_event_id_too_long_for_a_sort_key_is_replaced_by_its_digest(forwarder):
    assert forwarder.forward(kinesis_record(0, numbered_event(0, event_id="😀" * 256))).forwarded == 1
    [(_, moment)] = forwarder.history
    assert len(moment) == 14 + 64


def test_bad_rows_that_cannot_be_written_redeliver_the_record(forwarder):
    forwarder.s3.faults["put_object"].always(server_error())
    outcome = forwarder.forward(
        kinesis_record(0, numbered_event(0)), kinesis_record(1, b"}"), kinesis_record(2, numbered_event(1))
    )
    assert (outcome.forwarded, outcome.bad, outcome.retried, outcome.first_failed) == (2, 0, 1, f"{1:056d}")


def test_bad_rows_after_the_checkpoint_are_written_on_redelivery(forwarder):
    forwarder.tracker.breaking = {"e-0"}
    outcome = forwarder.forward(kinesis_record(0, b"}"), kinesis_record(1, numbered_event(0)), kinesis_record(2, b"}}"))
    assert (outcome.bad, outcome.retried) == (1, 2)
    forwarder.tracker.breaking = set()
    assert forwarder.forward(kinesis_record(1, numbered_event(0)), kinesis_record(2, b"}}")).bad == 1
    assert len(forwarder.bad_rows) == 2


class SlowClock(FakeClock):
    """A clock on which every pause takes a minute."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds + 60)


def test_an_event_is_retried_later_when_the_deadline_passes(forwarder):
    forwarder.clock = SlowClock()
    forwarder.tracker.faults.plan([throttled()])
    outcome = forwarder.forward(kinesis_record(0, numbered_event(0)))
    assert (outcome.retried, outcome.first_failed) == (1, f"{0:056d}")
