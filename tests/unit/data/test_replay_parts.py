"""Batches keep order and lose nothing; verdicts are read as they are meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.replay.batches import LARGEST_BODY_BYTES, batches, body_of
from data.replay.door import Answer, Door
from data.replay.verdicts import read_verdicts
from data.stream import RawEvent


def event(number: int, user: str = "user-1", *, is_json: bool = True) -> RawEvent:
    return RawEvent(b"%d" % number, user, number, "accepted", str(number), is_json)


users = st.sampled_from(["user-1", "user-2", "user-3", "session-9"])


@given(st.lists(st.tuples(users, st.booleans()), max_size=60), st.integers(1, 9), st.integers(1, 4))
def test_every_event_travels_once_and_each_users_in_order(drawn, size, lanes):
    events = [event(number, user, is_json=is_json) for number, (user, is_json) in enumerate(drawn)]

    made = list(batches(events, size=size, lanes=lanes))

    assert sorted(int(payload) for batch in made for payload in batch.payloads) == list(range(len(events)))
    assert all(1 <= len(batch.payloads) <= size for batch in made)
    for user in {one.user for one in events}:
        own = [one.arrival_ms for one in events if one.user == user and one.is_json]
        travelled = [int(payload) for batch in made for payload in batch.payloads]
        assert [number for number in travelled if number in own] == own
        assert len({batch.lane for batch in made for payload in batch.payloads if int(payload) in own}) <= 1


def test_what_is_no_json_travels_alone():
    made = list(batches([event(0), event(1, is_json=False), event(2)], size=10, lanes=1))

    assert [batch.payloads for batch in made] == [[b"1"], [b"0", b"2"]]


def test_json_texts_travel_in_an_array_even_alone_and_the_rest_as_it_is():
    assert body_of([b"[1,2]"]) == b"[[1,2]]"
    assert body_of([b"{}", b"null"]) == b"[{},null]"
    assert body_of([b"{},{}"], is_json=False) == b"{},{}"


def test_a_request_stays_below_the_largest_body():
    large = [RawEvent(b"x" * (LARGEST_BODY_BYTES // 2), "p", 0, "accepted", "k") for _ in range(5)]

    made = list(batches(large, size=500, lanes=1))

    assert all(len(body_of(batch.payloads)) <= LARGEST_BODY_BYTES + 2 for batch in made)
    assert sum(len(batch.payloads) for batch in made) == 5


@pytest.mark.parametrize("size", [0, 501])
def test_a_batch_size_the_door_would_refuse_is_refused_here(size):
    with pytest.raises(ValueError, match="1 to 500"):
        list(batches([], size=size, lanes=1))


def test_verdicts_are_outcomes():
    body = {
        "events": [
            {"status": "accepted"},
            {"status": "refused", "reason": "too_old"},
            {"status": "suppressed"},
            {"status": "retry"},
        ]
    }

    assert read_verdicts(Answer(202, body), 4).outcomes == ["accepted", "too_old", "no_consent", None]


def test_a_refused_body_refuses_each_of_its_events():
    verdicts = read_verdicts(Answer(400, {"error": {"code": "bad_request", "field": "body", "rule": "…"}}), 2)

    assert verdicts.whole
    assert verdicts.outcomes == ["malformed_json", "malformed_json"]


@pytest.mark.parametrize(
    "answer",
    [Answer(202, None), Answer(202, {"events": [{"status": "accepted"}]}), Answer(202, {"events": [{}, {}]})],
)
def test_an_answer_that_leaves_events_unaccounted_is_an_error(answer):
    with pytest.raises(ValueError, match="the door answered"):
        read_verdicts(answer, 2)


def test_a_url_that_is_none_is_named():
    with pytest.raises(ValueError, match="localhost:4566"):
        Door("localhost:4566", "key", patience_seconds=1)
