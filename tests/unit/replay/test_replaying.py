"""A replay sends what the stages keep of failed records, each with its event id, and counts every record once."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from backend.aws.retries import IncompleteCallError
from backend.contract import Event, aggregate_records, read_event, write_event
from backend.lake.row import write_row
from backend.replay.replaying import Filters, Progress, StreamUnavailableError, put_events
from backend.replay.sources import CHUNK_RECORDS
from tests.factories.lambda_events import kinesis_record
from tests.factories.records import NOW, event_json, full_event_fields, numbered_event
from tests.fakes.functions.failures import ARRIVED, FailedRecords, ReadableStream
from tests.fakes.kinesis import FakeKinesis


@pytest.fixture
def failed():
    return FailedRecords()


def event(number: int, **changes) -> bytes:
    return json.dumps(numbered_event(number, **changes)).encode()


def numbers(sent: list[Event]) -> list[str | None]:
    return [event.event_id for event in sent]


def test_every_form_of_failed_records_is_sent_with_its_event_ids(failed):
    failed.refuse("collect", "in_future", event(0))
    failed.refuse("forward", "refused_by_tracker", event(1), event(2))
    failed.discard("RecordAgeExceeded", kinesis_record(0, numbered_event(3), numbered_event(4)))
    failed.fail_delivery(event(5))
    full = read_event(json.dumps(full_event_fields(event_id="e-6")).encode(), now=NOW)
    assert isinstance(full, Event)
    failed.fail_delivery(write_row(full, ARRIVED, is_bot=True), is_conversion=True)

    counts = failed.replay()

    assert counts == {
        "read": 7,
        "sent": 7,
        "filtered": 0,
        "redacted": 0,
        "suppressed": 0,
        "refused": 0,
        "unaccounted": 0,
    }
    assert sorted(failed.sent_ids) == [f"e-{number}" for number in range(7)]
    assert write_event(next(each for each in failed.sent if each.event_id == "e-6")) == write_event(full)


def test_an_event_without_an_id_gets_the_one_that_it_had(failed):
    without = event_json(event_id=...)
    failed.refuse("forward", "refused_by_tracker", without)
    failed.replay()
    read = read_event(without, now=NOW)
    assert isinstance(read, Event)
    assert failed.sent_ids == [failed.sent[0].event_id]
    assert len(failed.sent_ids[0]) == 32


def test_what_is_refused_again_is_redacted_or_denies_consent_is_counted_and_not_sent(failed):
    failed.refuse("collect", "malformed_json", b"}", b"")
    failed.discard("RetryAttemptsExhausted", kinesis_record(0, numbered_event(0, consent="denied")))
    failed.fail_delivery(b'{"event_type": 1, "consent": "denied"}', event(1))
    failed.s3.put_object(Bucket="bad-rows", Key="aws/lambda/m/s/x", Body=b"not an invocation")
    failed.s3.put_object(Bucket="bad-rows", Key="forward/ingest_date=2026-02-01/x.jsonl", Body=b"{\n")

    counts = failed.replay()

    assert failed.sent_ids == ["e-1"]
    assert counts == {
        "read": 7,
        "sent": 1,
        "filtered": 0,
        "redacted": 1,
        "suppressed": 2,
        "refused": 3,
        "unaccounted": 0,
    }
    assert msgspec.json.decode(failed.saved[-1], type=Progress).refused == {"malformed_json": 1, "unreadable": 2}


_DEEP = b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
_DISCARDED = b'{"requestContext": {"condition": "x"}, "payload": "{\\"Records\\": [{\\"kinesis\\": %s}]}"}'


@pytest.mark.parametrize(
    ("bucket", "key", "line"),
    [
        ("bad-rows", "forward/x.jsonl", _DEEP),
        ("bad-rows", "aws/lambda/x", _DEEP),
        ("bad-rows", "aws/lambda/x", _DISCARDED % b'{\\"data\\": \\"\\", \\"approximateArrivalTimestamp\\": 1e20}'),
        ("lake", "errors/x", _DEEP),
        ("lake", "errors/x", b'{"rawData": "", "arrivalTimestamp": 1000000000000000000}'),
        ("lake", "errors/x", b'{"rawData": "", "arrivalTimestamp": 10000000000000000000000}'),
        (
            "lake",
            "errors/x",
            b'{"arrivalTimestamp": 0, "lastErrorCode": "x", "rawData": "%s"}' % base64.b64encode(_DEEP),
        ),
    ],
    ids=lambda value: repr(value[:50]),
)
def test_a_line_that_cannot_be_read_stops_no_replay(failed, bucket, key, line):
    failed.s3.put_object(Bucket=bucket, Key=key, Body=line)
    failed.refuse("lake", "in_future", event(0))
    counts = failed.replay()
    assert (counts["read"], counts["refused"], failed.sent_ids) == (2, 1, ["e-0"])


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"stages": ("lake",)}, ["e-3"]),
        ({"reasons": ("in_future", "RecordAgeExceeded")}, ["e-0", "e-2"]),
        ({"event_types": ("Purchase",)}, ["e-1"]),
        ({"since": ARRIVED + timedelta(hours=1)}, ["e-1"]),
        ({"until": ARRIVED + timedelta(seconds=1), "stages": ("collect", "forward")}, ["e-0"]),
        ({"stages": ("forward",), "event_types": ("View",)}, ["e-2"]),
    ],
)
def test_filters_select_by_stage_reason_type_and_time(failed, filters, ids):
    failed.refuse("collect", "in_future", event(0), b"}")
    failed.refuse("forward", "refused_by_tracker", event(1, event_type="Purchase"), at=ARRIVED + timedelta(hours=1))
    record = kinesis_record(0, numbered_event(2))
    record["kinesis"]["approximateArrivalTimestamp"] = (ARRIVED + timedelta(minutes=1)).timestamp()
    failed.discard("RecordAgeExceeded", record)
    failed.fail_delivery(event(3))

    counts = failed.replay(**filters)

    assert sorted(failed.sent_ids) == ids
    assert counts["filtered"] + counts["refused"] == 5 - len(ids)


def test_a_replay_that_is_killed_anywhere_continues_behind_what_was_sent(failed):
    # Given three objects, one of them of more than two chunks
    many = [event(number) for number in range(2 * CHUNK_RECORDS + 1)]
    failed.refuse("collect", "in_future", *many)
    failed.refuse("forward", "in_future", event(9001), event(9002))
    failed.fail_delivery(event(9003))
    whole = failed.replay()
    saves = failed.saved[:]
    everything = failed.sent_ids

    # When it is killed after any of its saves, then the rest is sent, and nothing of before
    for written in saves:
        failed.sent = []
        progress = msgspec.json.decode(written, type=Progress)
        done = progress.counts["sent"]
        assert failed.replay(progress=progress) == whole
        assert failed.sent_ids == everything[done:]


def test_what_fails_after_the_replay_began_is_left_for_the_next_one(failed):
    failed.refuse("forward", "refused_by_tracker", event(0))
    assert failed.replay(failed.sources(until=NOW))["read"] == 0
    assert failed.replay(failed.sources(until=NOW + timedelta(seconds=1)))["read"] == 1


def test_an_answer_that_is_no_listing_is_an_error_and_not_an_empty_bucket(failed):
    failed.refuse("forward", "refused_by_tracker", event(0))
    failed.s3.is_unknown = True
    with pytest.raises(IncompleteCallError):
        failed.replay()


def test_a_chunk_that_the_stream_does_not_take_is_sent_by_the_next_run(failed):
    failed.refuse("collect", "in_future", event(0))
    failed.refuse("forward", "in_future", event(1))
    progress = Progress(NOW, Filters())

    def send(events):
        if failed.sent:
            raise StreamUnavailableError
        failed.sent.extend(events)

    with pytest.raises(StreamUnavailableError):
        failed.replay(progress=progress, send=send)
    assert failed.sent_ids == ["e-0"]
    assert failed.replay(progress=progress)["sent"] == 2
    assert failed.sent_ids == ["e-0", "e-1"]


def test_events_are_put_as_collect_puts_them_and_a_failing_stream_is_an_error(failed, monkeypatch):
    stream: Any = FakeKinesis()
    failed.refuse("forward", "in_future", event(0), event(1), event(2, user_id="bob"))
    failed.replay()
    put_events(failed.sent, stream, "events")
    assert [key for key, _ in stream.records] == ["ann", "bob"]

    monkeypatch.setattr("backend.replay.replaying.PUT_SECONDS", 0)
    stream.failing_always = {"bob": "InternalFailure"}
    with pytest.raises(StreamUnavailableError, match="1 of 2"):
        put_events(failed.sent, stream, "events")


def stream_of(count: int) -> ReadableStream:
    def arrived(number):
        return ARRIVED + timedelta(minutes=number)

    return ReadableStream(
        b=[(arrived(number), event(number)) for number in range(count)],
        a=[
            (arrived(1), aggregate_records([("ann", event(100)), ("ann", event(101))])),
            (arrived(2), b"\xf3\x89\x9a\xc2"),
        ],
    )


def test_the_stream_is_read_from_a_time_to_a_time_shard_by_shard(failed):
    stream = stream_of(7)
    stream.failing = ["ProvisionedThroughputExceededException", "ExpiredIteratorException"]
    window = stream.window(ARRIVED + timedelta(minutes=1), ARRIVED + timedelta(minutes=6))
    counts = failed.replay([window])
    assert failed.sent_ids == ["e-100", "e-101", "e-1", "e-2", "e-3", "e-4", "e-5"]
    assert counts["refused"] == 1


def test_a_replay_of_the_stream_continues_at_its_sequence_number(failed):
    window = stream_of(7).window(ARRIVED, NOW)
    whole = failed.replay([window])
    saves = failed.saved[:]
    everything = failed.sent_ids
    for written in saves:
        failed.sent = []
        progress = msgspec.json.decode(written, type=Progress)
        done = progress.counts["sent"]
        assert failed.replay([window], progress=progress) == whole
        assert failed.sent_ids == everything[done:]
