"""POST /events: each event has one outcome, and accepted events are in the stream."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.collect.body import MAX_BODY_BYTES
from backend.collect.events import post_events
from backend.http import BadRequestError, TooLargeError
from tests.factories.records import event_fields, event_json
from tests.fakes.faults import client_error, denied, server_error, timeout
from tests.fakes.functions.front_door import FrontDoor, request

THROTTLE = "ProvisionedThroughputExceededException"


def _post(door, *events, seconds=5.0):
    body = json.dumps(list(events)).encode()
    response = post_events(request(body), door.submission(seconds))
    return response, json.loads(response["body"])


def _statuses(answer):
    return [verdict["status"] for verdict in answer["events"]]


def test_one_event_is_accepted_and_in_the_stream(door):
    response = post_events(request(event_json()), door.submission())

    answer = json.loads(response["body"])
    assert response["statusCode"] == 202
    assert abs(datetime.now(UTC) - datetime.fromisoformat(answer.pop("server_time"))) < timedelta(minutes=1)
    assert answer == {
        "request_id": "request-1",
        "accepted": 1,
        "refused": 0,
        "suppressed": 0,
        "retry": 0,
        "events": [{"index": 0, "status": "accepted", "event_id": "e-1"}],
    }
    (stored,) = door.stream_events()
    assert stored == {
        **event_fields(),
        "consent": "granted",
        "schema_version": "1",
        "received_at": "2026-02-01T00:00:00.000Z",
        "producer": "server",
    }
    assert door.counts["unaccounted"] == 0


def test_a_derived_event_id_is_stable_and_the_fields_of_the_front_door_are_overwritten(door):
    _, first = _post(door, event_fields(event_id=..., received_at="2001-01-01T00:00:00Z", producer="page"))
    _, second = _post(door, event_fields(event_id=...))

    assert first["events"][0]["event_id"] == second["events"][0]["event_id"]
    assert {event["received_at"] for event in door.stream_events()} == {"2026-02-01T00:00:00.000Z"}
    assert door.stream_events()[0] == door.stream_events()[1]


def test_an_event_names_who_sent_it(door):
    post_events(request(event_json(producer="server")), replace(door.submission(), producer="page"))

    assert [event["producer"] for event in door.stream_events()] == ["page"]


def test_a_users_events_are_one_record_in_order(door):
    # When two users' events come mixed, one of them known by session only
    events = [
        event_fields(event_id="1", user_id="a"),
        event_fields(event_id="2", user_id=..., session_id="s"),
        event_fields(event_id="3", user_id="a"),
        event_fields(event_id="4", user_id="a"),
    ]
    _post(door, *events)

    # Then there is a record per user
    assert [key for key, _ in door.kinesis.records] == ["a", "s"]
    assert [event["event_id"] for event in door.stream_events()] == ["1", "3", "4", "2"]


def test_a_refused_event_becomes_a_bad_row_and_the_others_are_accepted(door):
    response, answer = _post(door, event_fields(), event_fields(user_id=3), event_fields(event_id="e-2"))

    assert response["statusCode"] == 202
    assert (answer["accepted"], answer["refused"]) == (2, 1)
    assert answer["events"][1] == {
        "index": 1,
        "status": "refused",
        "errors": [{"field": "user_id", "rule": "must be a string"}],
        "reason": "wrong_type",
    }
    (row,) = door.bad_rows()
    assert row["source"] == "collect"
    assert json.loads(base64.b64decode(row["payload"])) == event_fields(user_id=3)
    assert door.s3.keys("bad-rows") == ["collect/ingest_date=2026-02-01/request-1.jsonl"]
    assert door.counts == {
        "received": 3,
        "accepted": 2,
        "bad": 1,
        "bad_wrong_type": 1,
        "suppressed": 0,
        "retried": 0,
        "unaccounted": 0,
    }


def test_a_request_of_refused_events_is_400_with_verdicts_and_the_first_field(door):
    response, answer = _post(door, event_fields(user_id=3), event_fields(event_type="Stare"))

    assert response["statusCode"] == 400
    assert _statuses(answer) == ["refused", "refused"]
    assert answer["error"] == {
        "code": "wrong_type",
        "message": "none of 2 could be accepted",
        "field": "user_id",
        "rule": "must be a string",
    }
    assert door.kinesis.calls == []


def test_an_event_that_denies_consent_is_not_stored(door):
    response, answer = _post(door, event_fields(consent="denied"))

    assert response["statusCode"] == 202
    assert answer["events"] == [{"index": 0, "status": "suppressed", "event_id": "e-1", "reason": "no_consent"}]
    assert door.kinesis.calls == []
    assert door.s3.objects == {}


def test_an_invalid_event_that_denies_consent_is_no_bad_row(door):
    _, answer = _post(door, event_fields(consent="denied", user_id=3), event_fields(item_id=...))

    assert _statuses(answer) == ["refused", "refused"]
    assert [row["reason"] for row in door.bad_rows()] == ["missing_field"]


@pytest.mark.parametrize("body", [b"", b"{,}", b"[]", b"3", b"[" + b",".join([event_json()] * 501) + b"]"])
def test_a_body_that_is_not_a_list_of_events_is_400_and_a_bad_row(door, body):
    with pytest.raises(BadRequestError) as refused:
        post_events(request(body), door.submission())

    assert refused.value.field == "body"
    (row,) = door.bad_rows()
    assert base64.b64decode(row["payload"]) == body
    assert (door.counts["received"], door.counts["bad"]) == (1, 1)


@pytest.mark.parametrize(
    "body", [b'{"events": [%s]}', b"[%s,]", b"[" + event_json() + b",%s", b"[%s" + b",%s" * 500 + b"]"]
)
def test_a_refused_body_that_may_deny_consent_is_no_bad_row(door, body):
    denied = event_json(consent="denied")
    with contextlib.suppress(BadRequestError):
        assert post_events(request(body.replace(b"%s", denied)), door.submission())["statusCode"] == 400

    assert door.bad_rows() == []
    assert door.counts["bad"] == 1


def test_500_events_are_put_in_one_call(door):
    response, answer = _post(door, *[event_fields(event_id=str(n), user_id=f"u-{n % 7}") for n in range(500)])

    assert response["statusCode"] == 202
    assert answer["accepted"] == len(door.stream_events()) == 500
    assert len(door.kinesis.calls) == 1


def test_a_body_at_the_limit_is_accepted_and_one_beyond_is_413(door):
    padded = event_json().ljust(MAX_BODY_BYTES)

    assert post_events(request(padded), door.submission())["statusCode"] == 202
    with pytest.raises(TooLargeError):
        post_events(request(padded + b" "), door.submission())
    assert door.counts["bad_too_large"] == 1


def test_gzip_of_one_or_several_streams_is_accepted(door):
    body = b"[" + event_json() + b"," + event_json(event_id="e-2") + b"]"
    for packed in (gzip.compress(body), gzip.compress(body[:9]) + gzip.compress(body[9:])):
        response = post_events(request(packed, {"content-encoding": "GZIP"}), door.submission())

        assert json.loads(response["body"])["accepted"] == 2


def test_a_gzip_bomb_is_413_before_it_is_unpacked(door):
    bomb = gzip.compress(b" " * 50_000_000, compresslevel=9)
    assert len(bomb) < MAX_BODY_BYTES

    tracemalloc.start()
    with pytest.raises(TooLargeError):
        post_events(request(bomb, {"content-encoding": "gzip"}), door.submission())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * MAX_BODY_BYTES


@pytest.mark.parametrize(
    ("body", "encoding", "field"),
    [
        (b"no gzip", "gzip", "body"),
        (gzip.compress(event_json(), mtime=0)[:-9], "gzip", "body"),
        (gzip.compress(event_json(), mtime=0) + b"rest", "gzip", "body"),
        (event_json(), "br", "content-encoding"),
    ],
)
def test_a_wrong_or_unknown_encoding_is_400(door, body, encoding, field):
    with pytest.raises(BadRequestError) as refused:
        post_events(request(body, {"content-encoding": encoding}), door.submission())

    assert refused.value.field == field
    # It may deny consent, so it is counted and not stored
    assert (door.counts["received"], door.counts["bad"], door.counts["bad_malformed_encoding"]) == (1, 1, 1)
    assert door.bad_rows() == []


def test_failed_records_are_retried_by_position(door):
    # Given the second of three users fails twice
    door.kinesis.failing = [{1: THROTTLE}, {0: "InternalFailure"}]

    response, answer = _post(door, *[event_fields(event_id=user, user_id=user) for user in "abc"])

    # Then only that one is put again, after pauses, and all are there once
    assert response["statusCode"] == 202
    assert answer["accepted"] == 3
    assert door.kinesis.calls == [["a", "b", "c"], ["b"], ["b"]]
    assert sorted(event["event_id"] for event in door.stream_events()) == ["a", "b", "c"]
    assert len(door.clock.sleeps) == 2


def test_records_that_stay_throttled_are_429_with_verdicts(door):
    # Given one user's shard is full for good
    door.kinesis.failing_always = {"b": THROTTLE}

    response, answer = _post(door, *[event_fields(event_id=user, user_id=user) for user in "abc"])

    assert response["statusCode"] == 429
    assert int(response["headers"]["Retry-After"]) >= 1
    assert _statuses(answer) == ["accepted", "retry", "accepted"]
    assert answer["events"][1]["reason"] == "throttled"
    assert door.counts["retried"] == 1
    assert door.clock.now <= 5.0


@pytest.mark.parametrize("error", [server_error(), timeout()])
def test_a_failing_stream_is_retried_and_then_503(door, error):
    door.kinesis.faults.always(error)

    response, answer = _post(door, event_fields())

    assert response["statusCode"] == 503
    assert response["headers"]["Retry-After"] == "5"
    assert answer["events"] == [{"index": 0, "status": "retry", "event_id": "e-1", "reason": "unavailable"}]
    assert len(door.kinesis.calls) > 2


def test_events_are_accepted_after_throttled_calls(door):
    door.kinesis.faults.plan([client_error(THROTTLE, 400), client_error("KMSThrottlingException", 400)])

    response, _ = _post(door, event_fields())

    assert response["statusCode"] == 202
    assert len(door.stream_events()) == 1


def test_a_permanent_error_of_the_stream_is_not_retried(door):
    door.kinesis.faults.always(denied())

    response, answer = _post(door, event_fields())

    assert response["statusCode"] == 503
    assert _statuses(answer) == ["retry"]
    assert len(door.kinesis.calls) == 1


def test_events_are_accepted_and_lost_bad_rows_counted_when_s3_and_the_queue_fail(door):
    door.s3.faults["put_object"].always(server_error())
    door.queue.faults.always(client_error("KMSThrottlingException", 400))

    response, answer = _post(door, event_fields(), event_fields(user_id=3))

    assert response["statusCode"] == 202
    assert _statuses(answer) == ["accepted", "refused"]
    assert door.counts["bad_rows_lost"] == 1


events = st.sampled_from(
    [
        event_fields(),
        event_fields(user_id="u-2"),
        event_fields(consent="denied"),
        event_fields(item_id=...),
        event_fields(properties={"k": "x" * 900}),
        [],
        7,
    ]
)
failures = st.lists(st.dictionaries(st.integers(0, 3), st.sampled_from([THROTTLE, "InternalFailure"])), max_size=4)


@settings(max_examples=100)
@given(st.lists(events, min_size=1, max_size=30), failures, st.floats(0, 2))
def test_each_event_has_one_outcome_and_accepted_ones_are_stored_under_any_failures(given_events, failing, seconds):
    door = FrontDoor()
    door.kinesis.failing = failing

    _, answer = _post(door, *given_events, seconds=seconds)

    assert [verdict["index"] for verdict in answer["events"]] == list(range(len(given_events)))
    assert answer["accepted"] + answer["refused"] + answer["suppressed"] + answer["retry"] == len(given_events)
    assert answer["accepted"] == len(door.stream_events())
    assert answer["refused"] == len(door.bad_rows())
    assert door.counts["unaccounted"] == 0
