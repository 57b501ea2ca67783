"""Which event of a failing call is refused, and when the whole batch waits instead."""

from __future__ import annotations

import pytest

from tests.factories.lambda_events import kinesis_record
from tests.factories.records import numbered_event
from tests.fakes.faults import client_error, denied, server_error, timeout
from tests.fakes.functions.forwarder import Forwarder

CONTENT_ERRORS = [
    client_error("SerializationException", 400),
    client_error("RequestEntityTooLargeException", 413),
    client_error("", 400),
    client_error("InvalidInputException", 400),
]
PASSING_ERRORS = [denied(), server_error(), timeout()]


@pytest.fixture
def forwarder():
    return Forwarder()


def forty_events():
    return [
        kinesis_record(user, *(numbered_event(10 * user + n, user_id=f"u-{user}") for n in range(10)))
        for user in range(4)
    ]


@pytest.mark.parametrize("position", [0, 9, 15, 39])
@pytest.mark.parametrize("error", CONTENT_ERRORS)
def test_poison_under_any_code_is_refused_alone(forwarder, error, position):
    forwarder.tracker.errors = {f"e-{position}": error}
    outcome = forwarder.forward(*forty_events())
    assert (outcome.forwarded, outcome.bad, outcome.first_failed) == (39, 1, None)
    assert [row["event_id"] for row in forwarder.bad_rows] == [f"e-{position}"]


@pytest.mark.parametrize("position", [0, 9, 15, 39])
@pytest.mark.parametrize("error", PASSING_ERRORS)
def test_an_error_that_may_pass_is_refused_once_the_record_is_ten_minutes_old(forwarder, error, position):
    forwarder.tracker.errors = {f"e-{position}": error}
    outcome = forwarder.forward(*forty_events())
    user = position // 10
    assert (outcome.forwarded, outcome.bad) == (30 + position % 10, 0)
    assert outcome.first_failed == f"{user:056d}"
    forwarder.clock.now = 601
    outcome = forwarder.forward(*forty_events()[user:])
    assert (outcome.bad, outcome.first_failed) == (1, None)
    assert len(forwarder.received_ids) == 39
    assert [row["event_id"] for row in forwarder.bad_rows] == [f"e-{position}"]


@pytest.mark.parametrize("error", [*CONTENT_ERRORS, *PASSING_ERRORS])
def test_a_batch_of_which_nothing_succeeds_is_held_back(forwarder, error):
    records = [kinesis_record(n, numbered_event(n, user_id=f"u-{n}")) for n in range(500)]
    forwarder.forward_control()
    forwarder.tracker.faults.always(error)
    forwarder.clock.now = 601
    outcome = forwarder.forward(*records)
    assert (outcome.retried, outcome.held_back, outcome.bad) == (500, 500, 0)
    assert outcome.first_failed == f"{0:056d}"
    assert outcome.calls < 80
    forwarder.tracker.faults.always(None)
    assert forwarder.forward(*records).forwarded == 500


@pytest.mark.parametrize("is_known", [True, False])
def test_a_refusal_that_begins_within_a_batch_refuses_no_event(forwarder, is_known):
    forwarder.tracker.faults.plan([None] * is_known * 100)
    forwarder.tracker.faults.always(client_error("InvalidInputException", 400))
    outcome = forwarder.forward(*(kinesis_record(n, numbered_event(n, user_id=f"u-{n}")) for n in range(500)))
    assert (outcome.forwarded, outcome.bad) == (100 * is_known, 0)
    assert outcome.held_back == outcome.retried == 500 - 100 * is_known


def test_a_refused_event_alone_in_its_batch_is_bad_where_the_tracker_accepts_another(forwarder):
    forwarder.forward_control()
    forwarder.tracker.refused = {"e-0"}
    outcome = forwarder.forward(kinesis_record(0, numbered_event(0)))
    assert (outcome.bad, outcome.held_back, outcome.first_failed) == (1, 0, None)


def test_the_control_survives_its_execution_environment(forwarder):
    forwarder.forward_control()
    successor = Forwarder()
    successor.dynamodb.items = forwarder.dynamodb.items
    successor.tracker.refused = {"e-0"}
    assert successor.forward(kinesis_record(0, numbered_event(0))).bad == 1
    assert [events[0]["eventId"] for _, _, events in successor.tracker.calls] == ["control"]


def test_a_stored_control_that_cannot_be_read_is_none(forwarder):
    forwarder.forward_control()
    successor = Forwarder()
    successor.dynamodb.items = forwarder.dynamodb.items
    for item in successor.dynamodb.items["history"].values():
        item["call"] = {"S": "<html>"}
    successor.tracker.refused = {"e-0"}
    outcome = successor.forward(kinesis_record(0, numbered_event(0)))
    assert (outcome.retried, outcome.held_back) == (1, 1)


def test_without_a_control_an_event_alone_is_held_back(forwarder):
    forwarder.tracker.refused = {"e-0"}
    outcome = forwarder.forward(kinesis_record(0, numbered_event(0)))
    assert (outcome.retried, outcome.held_back) == (1, 1)
    assert not forwarder.s3.objects


@pytest.mark.parametrize("failed_requests", range(1, 20))
def test_an_outage_that_ends_at_any_request_refuses_nothing(forwarder, failed_requests):
    forwarder.clock.now = 3600
    forwarder.tracker.faults.plan([server_error()] * failed_requests)

    outcome = forwarder.forward(kinesis_record(0, numbered_event(0), numbered_event(1), numbered_event(2)))

    assert outcome.bad == 0
    assert not forwarder.s3.objects
