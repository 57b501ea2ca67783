"""Every invocation makes progress that lasts, however slow the tracker is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.lambda_events import kinesis_record
from tests.factories.records import numbered_event
from tests.fakes.faults import throttled
from tests.fakes.functions.forwarder import Forwarder

PAUSE = 5.0


@pytest.fixture
def forwarder():
    return Forwarder()


def one_user(count: int, **changes: Any) -> dict[str, Any]:
    return kinesis_record(0, *(numbered_event(n, **changes) for n in range(count)))


def test_one_users_record_ends_in_a_bounded_number_of_invocations(forwarder):
    forwarder.slow_down(2.0)
    outcomes = forwarder.forward_until_done(one_user(500), attempts=4, pause=PAUSE)
    assert [outcome.forwarded for outcome in outcomes] == [240, 240, 20]
    assert [outcome.settled for outcome in outcomes] == [0, 240, 480]
    assert [outcome.calls for outcome in outcomes] == [24, 24, 2]
    assert forwarder.received_ids == [f"e-{n}" for n in range(500)]
    assert len(forwarder.history) == 500


def test_a_record_of_many_users_ends_in_a_bounded_number_of_invocations(forwarder):
    forwarder.slow_down(2.0)
    record = kinesis_record(0, *(numbered_event(n, user_id=f"u-{n}") for n in range(800)))
    outcomes = forwarder.forward_until_done(record, attempts=4, pause=PAUSE)
    assert [outcome.forwarded for outcome in outcomes] == [384, 384, 32]


def test_the_starting_point_moves_while_the_tracker_is_slow(forwarder):
    forwarder.slow_down(1.9)
    records = [kinesis_record(n, numbered_event(n, user_id=f"u-{n}")) for n in range(500)]
    outcome = forwarder.forward(*records)
    assert (outcome.forwarded, outcome.calls, outcome.retried) == (416, 416, 84)
    assert outcome.first_failed == f"{416:056d}"


def test_users_with_purchases_are_first_while_the_tracker_is_slow(forwarder):
    forwarder.slow_down(1.9)
    records = [
        kinesis_record(n, numbered_event(n, user_id=f"u-{n}", event_type="View" if n < 450 else "Purchase"))
        for n in range(500)
    ]
    forwarder.forward(*records)
    assert {f"e-{n}" for n in range(450, 500)} <= set(forwarder.received_ids)


def test_no_call_begins_that_could_outlast_the_invocation(forwarder):
    forwarder.slow_down(4.9)
    forwarder.forward(one_user(200))
    assert forwarder.clock.now < 60 - 7


def test_a_slow_tracker_leaves_time_for_a_slow_history(forwarder):
    forwarder.slow_down(4.9)
    forwarder.dynamodb.before_each = lambda: setattr(forwarder.clock, "now", forwarder.clock.now + 2.9)
    outcome = forwarder.forward(one_user(200))
    assert outcome.forwarded == 100
    assert forwarder.clock.now < 60


def test_a_failing_history_stops_the_calls(forwarder):
    forwarder.slow_down(0.1)
    forwarder.dynamodb.faults["batch_write_item"].always(throttled())
    outcome = forwarder.forward(one_user(1000))
    assert outcome.forwarded == 0
    assert outcome.retried == 1000
    assert outcome.calls < 30


def test_a_record_whose_events_the_tracker_refuses_ends_too(forwarder):
    forwarder.forward_control()
    forwarder.slow_down(1.0)
    forwarder.tracker.refused = {f"e-{n}" for n in range(60)}
    outcomes = forwarder.forward_until_done(one_user(60), attempts=8, pause=PAUSE)
    assert sum(outcome.bad for outcome in outcomes) == len(forwarder.bad_rows) == 60
    assert {row["event_id"] for row in forwarder.bad_rows} == forwarder.tracker.refused


def test_what_another_tracker_has_is_sent_to_its_successor(forwarder):
    record = one_user(20)
    forwarder.forward(record)
    forwarder.clock.now += 3600
    assert forwarder.forward(record).settled == 20
    forwarder.tracker.tracking_id = forwarder.parameters.value = "tracker-2"
    forwarder.clock.now += 3600
    assert forwarder.forward(record).forwarded == 20


def test_a_fresh_record_is_not_looked_up(forwarder):
    forwarder.forward(one_user(20))
    assert forwarder.dynamodb.faults["batch_get_item"].calls == 0


def test_an_unreadable_history_only_sends_again(forwarder):
    forwarder.forward(one_user(20))
    forwarder.clock.now += 3600
    forwarder.dynamodb.faults["batch_get_item"].always(throttled())
    outcome = forwarder.forward(one_user(20))
    assert (outcome.forwarded, outcome.first_failed) == (20, None)


def test_calls_keep_to_their_share_of_the_quota(forwarder):
    object.__setattr__(forwarder.dependencies, "calls_per_second", 10)
    forwarder.forward(*(kinesis_record(n, numbered_event(n, user_id=f"u-{n}")) for n in range(101)))
    assert forwarder.clock.now == pytest.approx(10)


def test_a_throttling_tracker_is_left_alone(forwarder):
    forwarder.tracker.faults.always(throttled())
    outcome = forwarder.forward(*(kinesis_record(n, numbered_event(n, user_id=f"u-{n}")) for n in range(500)))
    assert (outcome.retried, outcome.held_back) == (500, 0)
    assert outcome.calls == outcome.failed_calls < 130
