"""POST /events: each event has one outcome, and accepted events are in the stream."""

from __future__ import annotations

import base64
import gzip
import json
import tracemalloc

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
    answered = post_events(request(body), door.submission(seconds))
    return answered, json.loads(answered["body"])


def _statuses(said):
    return [verdict["status"] for verdict in said["events"]]


def test_one_event_is_accepted_and_lies_in_the_stream(door):
    # When
    answered = post_events(request(event_json()), door.submission())

    # Then
    said = json.loads(answered["body"])
    assert answered["statusCode"] == 202
    assert said == {
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
    }
    assert door.counts["unaccounted"] == 0


def test_an_event_without_id_gets_the_same_one_each_time_and_another_arrival_is_overwritten(door):
    # When
    _, first = _post(door, event_fields(event_id=..., received_at="2001-01-01T00:00:00Z"))
    _, second = _post(door, event_fields(event_id=...))

    # Then
    assert first["events"][0]["event_id"] == second["events"][0]["event_id"]
    assert {event["received_at"] for event in door.stream_events()} == {"2026-02-01T00:00:00.000Z"}
    assert door.stream_events()[0] == door.stream_events()[1]


def test_a_users_events_lie_together_in_order(door):
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


def test_a_refused_event_spoils_no_other_and_is_kept(door):
    # When
    answered, said = _post(door, event_fields(), event_fields(user_id=3), event_fields(event_id="e-2"))

    # Then
    assert answered["statusCode"] == 202
    assert (said["accepted"], said["refused"]) == (2, 1)
    assert said["events"][1] == {
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


def test_nothing_acceptable_is_400_with_verdicts_and_the_first_field(door):
    answered, said = _post(door, event_fields(user_id=3), event_fields(event_type="Stare"))

    assert answered["statusCode"] == 400
    assert _statuses(said) == ["refused", "refused"]
    assert said["error"] == {
        "code": "wrong_type",
        "message": "none of 2 could be accepted",
        "field": "user_id",
        "rule": "must be a string",
    }
    assert door.kinesis.calls == []


def test_without_consent_nothing_is_stored(door):
    answered, said = _post(door, event_fields(consent="denied"))

    assert answered["statusCode"] == 202
    assert said["events"] == [{"index": 0, "status": "suppressed", "event_id": "e-1", "reason": "no_consent"}]
    assert door.kinesis.calls == []
    assert door.s3.objects == {}


def test_a_broken_event_that_denies_consent_is_refused_and_not_kept(door):
    _, said = _post(door, event_fields(consent="denied", user_id=3), event_fields(item_id=...))

    assert _statuses(said) == ["refused", "refused"]
    assert [row["reason"] for row in door.bad_rows()] == ["missing_field"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b"[" + b",".join([event_json()] * 501) + b"]"])
def test_a_body_that_is_no_list_of_events_is_400_and_kept(door, body):
    with pytest.raises(BadRequestError) as refused:
        post_events(request(body), door.submission())

    assert refused.value.field == "body"
    (row,) = door.bad_rows()
    assert base64.b64decode(row["payload"]) == body
    assert (door.counts["received"], door.counts["bad"]) == (1, 1)


def test_500_events_are_taken_in_one_call(door):
    answered, said = _post(door, *[event_fields(event_id=str(n), user_id=f"u-{n % 7}") for n in range(500)])

    assert answered["statusCode"] == 202
    assert said["accepted"] == len(door.stream_events()) == 500
    assert len(door.kinesis.calls) == 1


def test_a_body_at_the_limit_is_taken_and_one_beyond_is_413(door):
    padded = event_json().ljust(MAX_BODY_BYTES)

    assert post_events(request(padded), door.submission())["statusCode"] == 202
    with pytest.raises(TooLargeError):
        post_events(request(padded + b" "), door.submission())
    assert door.counts["bad_too_large"] == 1


def test_gzip_is_taken_in_one_stream_or_several(door):
    body = b"[" + event_json() + b"," + event_json(event_id="e-2") + b"]"
    for packed in (gzip.compress(body), gzip.compress(body[:9]) + gzip.compress(body[9:])):
        answered = post_events(request(packed, {"content-encoding": "GZIP"}), door.submission())

        assert json.loads(answered["body"])["accepted"] == 2


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
        (gzip.compress(event_json())[:-9], "gzip", "body"),
        (gzip.compress(event_json()) + b"rest", "gzip", "body"),
        (event_json(), "br", "content-encoding"),
    ],
)
def test_an_encoding_that_is_not_what_it_says_is_400(door, body, encoding, field):
    with pytest.raises(BadRequestError) as refused:
        post_events(request(body, {"content-encoding": encoding}), door.submission())

    assert refused.value.field == field


def test_records_that_failed_are_put_again_by_their_position(door):
    # Given the second of three users fails twice
    door.kinesis.failing = [{1: THROTTLE}, {0: "InternalFailure"}]

    # When
    answered, said = _post(door, *[event_fields(event_id=user, user_id=user) for user in "abc"])

    # Then only that one is put again, after pauses, and all are there once
    assert answered["statusCode"] == 202
    assert said["accepted"] == 3
    assert door.kinesis.calls == [["a", "b", "c"], ["b"], ["b"]]
    assert sorted(event["event_id"] for event in door.stream_events()) == ["a", "b", "c"]
    assert len(door.clock.sleeps) == 2


def test_what_stays_throttled_is_429_with_verdicts(door):
    # Given one user's shard is full for good
    door.kinesis.failing_always = {"b": THROTTLE}

    # When
    answered, said = _post(door, *[event_fields(event_id=user, user_id=user) for user in "abc"])

    # Then
    assert answered["statusCode"] == 429
    assert int(answered["headers"]["Retry-After"]) >= 1
    assert _statuses(said) == ["accepted", "retry", "accepted"]
    assert said["events"][1]["reason"] == "throttled"
    assert door.counts["retried"] == 1
    assert door.clock.now <= 5.0


@pytest.mark.parametrize("error", [server_error(), timeout()])
def test_a_stream_that_does_not_answer_is_asked_again_then_503(door, error):
    # Given
    door.kinesis.faults.always(error)

    # When
    answered, said = _post(door, event_fields())

    # Then
    assert answered["statusCode"] == 503
    assert answered["headers"]["Retry-After"] == "5"
    assert said["events"] == [{"index": 0, "status": "retry", "event_id": "e-1", "reason": "unavailable"}]
    assert len(door.kinesis.calls) > 2


def test_a_stream_that_throttles_whole_calls_for_a_while_takes_the_events_after_that(door):
    door.kinesis.faults.plan([client_error(THROTTLE, 400), client_error("KMSThrottlingException", 400)])

    answered, _ = _post(door, event_fields())

    assert answered["statusCode"] == 202
    assert len(door.stream_events()) == 1


def test_a_stream_that_will_never_take_them_is_not_asked_again(door):
    door.kinesis.faults.always(denied())

    answered, said = _post(door, event_fields())

    assert answered["statusCode"] == 503
    assert _statuses(said) == ["retry"]
    assert len(door.kinesis.calls) == 1


def test_bad_rows_that_cannot_be_written_cost_no_accepted_event(door):
    # Given
    door.s3.faults["put_object"].always(server_error())

    # When
    answered, said = _post(door, event_fields(), event_fields(user_id=3))

    # Then
    assert answered["statusCode"] == 202
    assert _statuses(said) == ["accepted", "refused"]
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


@settings(max_examples=100, deadline=None)
@given(st.lists(events, min_size=1, max_size=30), failures, st.floats(0, 2))
def test_whatever_happens_each_event_has_one_outcome_and_accepted_is_stored(given_events, failing, seconds):
    # Given
    door = FrontDoor()
    door.kinesis.failing = failing

    # When
    _, said = _post(door, *given_events, seconds=seconds)

    # Then
    assert [verdict["index"] for verdict in said["events"]] == list(range(len(given_events)))
    assert said["accepted"] + said["refused"] + said["suppressed"] + said["retry"] == len(given_events)
    assert said["accepted"] == len(door.stream_events())
    assert said["refused"] == len(door.bad_rows())
    assert door.counts["unaccounted"] == 0
