"""An upload ends, whatever its bytes are and however its invocations end, and one invocation at a time processes it."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from backend.aws.deadline import Deadline
from backend.collect.update_data import post_update_data
from backend.http import UnavailableError
from backend.upload import lines, processing
from tests.factories.records import NOW, event_fields, item_fields
from tests.fakes.faults import Fault, KilledError, server_error, timeout
from tests.fakes.functions.front_door import request


def _jsonl(records):
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def _events(count):
    return [event_fields(event_id=f"e-{number}", user_id=f"u-{number % 3}") for number in range(count)]


def _checks(count):
    """Return deadlines that each come once they were checked so many times."""

    def deadline():
        passed = itertools.count()
        return Deadline(count / 1000, lambda: next(passed) / 1000, lambda _: None)

    return deadline


def test_millions_of_blank_lines_are_counted_and_skipped(door):
    upload_id = door.upload(gzip.compress(b'{"item_id":"a"}\n' + b"\n" * 10_000_000 + b"{}\n"), kind="items")

    assert door.process(_checks(1_000_000)) == 1

    report = door.report(upload_id)
    assert (report["state"], report["accepted"]) == ("SUCCEEDED", 1)
    assert [error["line"] for error in report["errors"]] == [10_000_002]


def test_blank_lines_in_a_value_stay(door):
    body = b'item_id,description\na,"b' + b"\n" * 90 + b'c"\n'

    door.upload(body, kind="items")
    door.process()

    (item,) = door.s3.json_lines("lake")
    assert item["description"] == "b" + "\n" * 90 + "c"


def test_an_invocation_ends_in_time_between_any_two_lines(door):
    # Given less than a chunk of records among many blank lines
    body = _jsonl(_events(10)) + b"\n" * 5000 + _jsonl(_events(20)[10:])
    upload_id = door.upload(body)

    # When an invocation has time for a part of them
    invocations = door.process(_checks(1000))

    assert 5 < invocations < 15
    assert (door.report(upload_id)["state"], len(door.stream_events())) == ("SUCCEEDED", 20)


@pytest.mark.parametrize(
    ("limit", "body", "cause"),
    [
        ("MAX_LINES", b"{}\n" * 11, "more than 10 lines"),
        ("MAX_LINES", gzip.compress(b"{}\n" * 11, mtime=0), "more than 10 lines"),
        ("MAX_SKIPPED_BYTES", b"{}\n" + b"x" * 600_000, "line 2 has more than 10 bytes"),
    ],
)
def test_an_object_beyond_a_limit_of_lines_fails_with_its_cause(door, monkeypatch, limit, body, cause):
    monkeypatch.setattr(lines, limit, 10)

    upload_id = door.upload(body)
    door.process()

    report = door.report(upload_id)
    assert report["state"] == "FAILED"
    assert cause in report["cause"]


def test_long_rows_are_stored_in_chunks_of_few(door, monkeypatch):
    monkeypatch.setattr(processing, "CHUNK_BYTES", 3000)

    door.upload(_jsonl(item_fields(item_id=str(number), description="x" * 900) for number in range(30)), kind="items")
    door.process()

    assert len(door.s3.keys("lake")) == 10


def test_quotes_that_open_and_close_on_each_line_take_linear_time(door, monkeypatch):
    # Given lines that each close the quote of the line before, and open another
    parsed = 0
    read = csv.reader

    def count(texts, **named):
        nonlocal parsed
        parsed += sum(map(len, texts))
        return read(texts, **named)

    monkeypatch.setattr("backend.contract.csv_rows.csv.reader", count)
    body = b"item_id,title\n" + (b"x" * 50 + b'","\n') * 300

    upload_id = door.upload(body, kind="items")
    door.process()

    report = door.report(upload_id)
    assert (report["state"], report["read"]) == ("FAILED", 300)
    assert parsed < 2 * len(body)


def test_a_gzip_that_no_invocation_unpacks_fails_before_a_record_is_stored(door, monkeypatch):
    monkeypatch.setattr(lines, "CHUNK_BYTES", 1000)
    upload_id = door.upload(gzip.compress(_jsonl(_events(3))) + gzip.compress(b"") * 10_000)

    assert door.process(_checks(100)) == processing.MAX_STALLS + 1

    report = door.report(upload_id)
    assert report["state"] == "FAILED"
    assert "could not be unpacked" in report["cause"]
    assert door.stream_events() == []


def test_a_damaged_gzip_fails_before_a_record_is_stored(door):
    upload_id = door.upload(gzip.compress(_jsonl(_events(5000)))[:-6])
    door.process()

    assert "truncated" in door.report(upload_id)["cause"]
    assert door.stream_events() == []


def test_invocations_that_are_killed_count(door):
    door.kinesis.faults.always(KilledError())
    upload_id = door.upload(_jsonl(_events(3)))

    for number in range(processing.MAX_STALLS + 1):
        with pytest.raises(KilledError):
            door.resume(upload_id, now=NOW + number * processing.OWNED_FOR)
    door.resume(upload_id, now=NOW + timedelta(hours=1))

    report = door.report(upload_id)
    assert (report["state"], report["accepted"]) == ("FAILED", 0)
    assert "for too long" in report["cause"]


def test_an_upload_whose_invocations_have_ended_early_is_resumed_by_a_question_about_it(door):
    upload_id = door.upload(_jsonl(_events(3)))
    door.functions.invoked.clear()

    door.report(upload_id, now=NOW + timedelta(minutes=4))
    assert door.functions.invoked == []
    assert door.report(upload_id, now=NOW + timedelta(minutes=6))["state"] == "WAITING"

    assert door.process() == 1
    assert door.report(upload_id, now=NOW + timedelta(minutes=12))["state"] == "SUCCEEDED"
    assert door.functions.invoked == []


def test_an_upload_that_was_not_started_is_started_by_the_next_request(door):
    door.functions.faults.plan([server_error()])
    with pytest.raises(UnavailableError):
        door.upload(_jsonl(_events(3)))

    upload_id = door.ask()

    assert door.process() == 1
    assert door.report(upload_id)["accepted"] == 3


def test_a_timeout_while_the_report_is_read_is_retried(door):
    upload_id = door.upload(_jsonl(_events(3)))
    door.s3.faults["get_object"].plan([timeout()])

    assert door.process() == 1
    assert door.report(upload_id)["state"] == "SUCCEEDED"


def test_a_report_that_was_written_without_an_answer_is_this_invocations(door):
    upload_id = door.upload(_jsonl(_events(1100)))
    door.s3.faults["put_object"].plan([Fault(after=timeout()), None, None] * 2)

    assert door.process() == 1
    assert (door.report(upload_id)["state"], len(door.stream_events())) == ("SUCCEEDED", 1100)


def test_an_object_is_read_from_where_the_last_invocation_stopped(door):
    asked = []
    get_object = door.s3.get_object

    def get(**named):
        asked.append(named.get("Range"))
        return get_object(**named)

    door.s3.get_object = get
    records = _jsonl(_events(1000))

    door.upload(records)
    door.process(0)

    assert [part for part in asked if part] == [f"bytes={len(_jsonl(_events(500)))}-"]


def test_requests_at_the_same_time_are_one_upload(door):
    # Given a request that finds no report, and another one before it writes its own
    ids = []
    door.s3.objects["uploads", "data"] = _jsonl(_events(1700))
    door.s3.faults["put_object"].plan([Fault(effect=lambda: ids.append(door.ask(now=NOW + timedelta(seconds=1))))])
    ids.append(door.ask())

    # When an invocation of the one runs while that of the other stores its first chunk
    first, second = (invocation["upload"] for invocation in door.functions.invoked)
    door.functions.invoked.clear()
    door.kinesis.faults.plan([Fault(effect=lambda: door.resume(second))])
    door.resume(first, 0)
    door.process(0)

    assert ids == [first] * 2
    report = door.report(first)
    assert (report["state"], report["read"], len(door.stream_events())) == ("SUCCEEDED", 1700, 1700)
    assert report["created_at"] == "2026-02-01T00:00:01Z"


def test_an_invocation_that_took_too_long_changes_no_report(door):
    # Given an invocation that another one follows while it stores a chunk, since it lasts longer than it may
    upload_id = door.upload(_jsonl(_events(600)))
    door.functions.invoked.clear()
    later = NOW + processing.OWNED_FOR
    door.kinesis.faults.plan([Fault(effect=lambda: door.resume(upload_id, now=later))])

    door.resume(upload_id, 0)

    report = door.report(upload_id)
    assert (report["state"], report["read"]) == ("SUCCEEDED", 600)
    assert door.functions.invoked == []
    assert {event["event_id"] for event in door.stream_events()} == {f"e-{number}" for number in range(600)}


def test_a_cause_has_no_value_of_the_object(door):
    # Given a CSV without a header
    upload_id = door.upload(b"u-1,jane@example.com\nu-2,joe@example.com\n", kind="users")
    door.process()

    report = door.report(upload_id)
    assert report["state"] == "FAILED"
    assert "not so its columns 1, 2" in report["cause"]
    assert not [value for value in ("u-1", "example.com") if value in json.dumps(report)]


@pytest.mark.parametrize("repeated", [b"user_id,city", b"\xef\xbb\xbfuser_id,city", b'"user_id",city'])
def test_a_header_that_is_repeated_is_no_user(door, repeated):
    upload_id = door.upload(b"user_id,city\nu-1,Bonn\n" + repeated + b"\nu-2,Bonn\n", kind="users")
    door.process()

    report = door.report(upload_id)
    assert (report["accepted"], report["refused"]) == (2, {"malformed_json": 1})
    assert report["errors"] == [{"line": 3, "field": "row", "rule": "must be a record; this line repeats the header"}]


@pytest.mark.parametrize("value", [b"x" * 140_000, b"x" * 70_000 + b"\n" + b"y" * 70_000], ids=["line", "lines"])
def test_a_quoted_value_that_is_too_long_is_refused_by_its_size(door, value):
    upload_id = door.upload(b'item_id,description\na,"' + value + b'"\nb,B\n', kind="items")
    door.process()

    report = door.report(upload_id)
    assert (report["accepted"], report["refused"]) == (1, {"too_large": 1})
    assert report["errors"][0]["rule"] == "must have values of at most 131072 characters"


def test_a_resumed_upload_does_not_replace_an_item_that_was_updated_meanwhile(door):
    # Given an upload whose invocation is killed after its first chunk, and an update of an item of that chunk
    upload_id = door.upload(_jsonl(item_fields(item_id=f"i-{number}", title="old") for number in range(501)), "items")
    door.s3.faults["put_object"].plan([None, None, KilledError()])
    with pytest.raises(KilledError):
        door.resume(upload_id, 60.0)
    update = {"kind": "items", "records": [item_fields(item_id="i-0", title="new")]}
    later = NOW + timedelta(minutes=1)
    post_update_data(request(json.dumps(update).encode()), replace(door.submission(now=later), object_name="update"))

    door.resume(upload_id, 60.0, now=later)

    assert door.report(upload_id)["accepted"] == 501
    (stored,) = (item for key, item in door.dynamodb.items["entities"].items() if key == ("item#i-0",))
    assert json.loads(stored["attributes"]["S"])["title"] == "new"


def test_items_of_any_length_fit_into_transactions(door):
    records = [item_fields(item_id=f"i-{number}", description="é" * 4000) for number in range(500)]

    upload_id = door.upload(b"\n".join(json.dumps(record, ensure_ascii=False).encode() for record in records), "items")
    door.process()

    assert door.report(upload_id)["accepted"] == 500
    assert len(door.entities()) == 500
