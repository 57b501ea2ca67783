"""Batches keep every event and its order; outcomes are read from the API's responses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.replay.batches import LARGEST_BODY_BYTES, encode_body, split_into_batches
from data.replay.bookkeeping import open_ledger
from data.replay.http_client import ApiClient, ApiResponse
from data.replay.outcomes import read_outcomes
from data.stream import RawEvent


def event(number: int, user: str = "user-1", *, is_json: bool = True) -> RawEvent:
    return RawEvent(b"%d" % number, user, number, "accepted", str(number), is_json)


users = st.sampled_from(["user-1", "user-2", "user-3", "session-9"])


@given(st.lists(st.tuples(users, st.booleans()), max_size=60), st.integers(1, 9), st.integers(1, 4))
def test_every_event_is_in_one_batch_and_each_users_events_in_order(drawn, size, partitions):
    events = [event(number, user, is_json=is_json) for number, (user, is_json) in enumerate(drawn)]

    batches = list(split_into_batches(events, size=size, partitions=partitions))

    numbers = [int(payload) for batch in batches for payload in batch.payloads]
    assert sorted(numbers) == list(range(len(events)))
    assert all(1 <= len(batch.payloads) <= size for batch in batches)
    for user in {event.user for event in events}:
        own = [event.arrival_ms for event in events if event.user == user and event.is_json]
        assert [number for number in numbers if number in own] == own
        assert len({batch.partition for batch in batches for payload in batch.payloads if int(payload) in own}) <= 1


def test_a_payload_that_is_not_json_is_a_batch_of_its_own():
    batches = list(split_into_batches([event(0), event(1, is_json=False), event(2)], size=10, partitions=1))

    assert [batch.payloads for batch in batches] == [[b"1"], [b"0", b"2"]]


def test_json_texts_are_sent_as_an_array_and_other_payloads_unchanged():
    assert encode_body([b"[1,2]"]) == b"[[1,2]]"
    assert encode_body([b"{}", b"null"]) == b"[{},null]"
    assert encode_body([b"{},{}"], is_json=False) == b"{},{}"


def test_a_request_stays_below_the_largest_body():
    large = [RawEvent(b"x" * (LARGEST_BODY_BYTES // 2), "p", 0, "accepted", "k") for _ in range(5)]

    batches = list(split_into_batches(large, size=500, partitions=1))

    assert all(len(encode_body(batch.payloads)) <= LARGEST_BODY_BYTES + 2 for batch in batches)
    assert sum(len(batch.payloads) for batch in batches) == 5


@pytest.mark.parametrize("size", [0, 501])
def test_a_batch_size_beyond_the_limit_of_the_api_is_refused(size):
    with pytest.raises(ValueError, match="1 to 500"):
        list(split_into_batches([], size=size, partitions=1))


def test_each_verdict_becomes_an_outcome():
    body = {
        "events": [
            {"status": "accepted"},
            {"status": "refused", "reason": "too_old"},
            {"status": "suppressed"},
            {"status": "retry"},
        ]
    }

    assert read_outcomes(ApiResponse(202, body), 4).outcomes == ["accepted", "too_old", "no_consent", None]


def test_a_refused_body_refuses_each_of_its_events():
    refused = read_outcomes(ApiResponse(400, {"error": {"code": "bad_request", "field": "body", "rule": "…"}}), 2)

    assert refused.is_refused_as_a_whole
    assert refused.outcomes == ["malformed_json", "malformed_json"]


@pytest.mark.parametrize(
    "response",
    [
        ApiResponse(202, None),
        ApiResponse(202, {"events": [{"status": "accepted"}]}),
        ApiResponse(202, {"events": [{}, {}]}),
    ],
)
def test_a_response_without_an_outcome_per_event_is_an_error(response):
    with pytest.raises(ValueError, match="the API answered"):
        read_outcomes(response, 2)


def test_an_invalid_url_is_named():
    with pytest.raises(ValueError, match="localhost:4566"):
        ApiClient("localhost:4566", "key", timeout_seconds=1)


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        (b"", b""),
        (b"{1}\n{2}\n", b"{1}\n{2}\n"),
        (b"{1}\n{2", b"{1}\n"),
        (b"{1", b""),
        (b"{1}\n{2}", b"{1}\n{2}\n"),
    ],
)
def test_a_ledger_is_continued_behind_its_last_whole_line(tmp_path, before, kept):
    ledger = tmp_path / "sent.jsonl"
    ledger.write_bytes(before)
    with open_ledger(ledger) as file:
        file.write(b"{9}\n")
    assert ledger.read_bytes() == kept + b"{9}\n"
