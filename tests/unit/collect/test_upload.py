"""POST /update-data by reference: processed in chunks, whatever fails in between."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.contract.limits import MAX_UPLOAD_BYTES
from backend.http import BadRequestError, NotFoundError, TooLargeError, UnavailableError
from backend.upload import lines, processing
from backend.upload import report as reports
from tests.factories.records import NOW, event_fields, item_fields
from tests.fakes.faults import server_error
from tests.fakes.functions.front_door import FrontDoor

THROTTLE = "ProvisionedThroughputExceededException"


def _jsonl(records):
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def _events(count):
    return [event_fields(event_id=f"e-{number}", user_id=f"u-{number % 3}") for number in range(count)]


def test_json_lines_are_answered_at_once_and_processed(door):
    upload_id = door.upload(
        _jsonl([*_events(1200), event_fields(user_id=3), event_fields(consent="denied")]) + b"{,}\n\n"
    )

    # Then it waits
    assert door.report(upload_id)["state"] == "WAITING"
    assert door.stream_events() == []

    # When it has been processed
    assert door.process() == 1

    report = door.report(upload_id)
    assert report == {
        "id": upload_id,
        "kind": "interactions",
        "source": "s3://uploads/data",
        "size_bytes": len(door.s3.objects["uploads", "data"]),
        "created_at": "2026-02-01T00:00:00Z",
        "updated_at": "2026-02-01T00:00:00Z",
        "state": "SUCCEEDED",
        "read": 1203,
        "accepted": 1200,
        "suppressed": 1,
        "refused": {"wrong_type": 1, "malformed_json": 1},
        "errors": [
            {"line": 1201, "field": "user_id", "rule": "must be a string"},
            {"line": 1203, "field": "event", "rule": "must be well-formed JSON in UTF-8"},
        ],
    }
    assert len(door.stream_events()) == 1200
    assert len(door.bad_rows()) == 2


def test_csv_with_quotes_line_breaks_and_empty_values_is_read(door):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["item_id", "title", "price", "description", "properties"])
    writer.writerow(["a", 'The "best", boots', "129.5", "Two\nlines", '{"colour": "brown"}'])
    writer.writerow(["b", "", "", "", ""])
    writer.writerow(["c", "Cheap", "free", "", ""])
    writer.writerow(["d", "Half", "1", "", "no object"])
    body = b"\xef\xbb\xbf" + text.getvalue().encode() + b"e,too few\r\n\r\n" + b'f,"open,1,,\r\n'

    upload_id = door.upload(body, kind="items")
    door.process()

    report = door.report(upload_id)
    assert (report["state"], report["read"], report["accepted"]) == ("SUCCEEDED", 6, 2)
    assert report["refused"] == {"wrong_type": 2, "malformed_json": 2}
    assert [(error["line"], error["field"]) for error in report["errors"]] == [
        (5, "price"),
        (6, "properties"),
        (7, "row"),
        (9, "row"),
    ]
    (key,) = door.s3.keys("lake")
    assert key == f"raw/items/ingest_date=2026-02-01/{upload_id}-0.jsonl"
    assert [json.loads(line) for line in door.s3.objects["lake", key].splitlines()] == [
        {
            "item_id": "a",
            "title": 'The "best", boots',
            "price": 129.5,
            "description": "Two\nlines",
            "properties": {"colour": "brown"},
        },
        {"item_id": "b"},
    ]


def test_csv_interactions_have_numbers_and_impressions(door):
    body = (
        b"event_type,timestamp,user_id,item_id,event_value,impression\n"
        b"View,2026-01-31T12:00:00Z,u,i,1e2,i|j\n"
        b"View,2026-01-31T12:00:00Z,u,i,nan,\n"
    )

    door.upload(body)
    door.process()

    (event,) = door.stream_events()
    assert (event["event_value"], event["impression"]) == (100.0, ["i", "j"])
    assert door.bad_rows()[0]["errors"] == [{"field": "event_value", "rule": "must be a number"}]


def test_csv_interactions_have_whole_numbers_and_positions(door):
    body = (
        b"event_type,timestamp,user_id,item_id,impression,positions,quantity,event_value,currency\n"
        b"Purchase,2026-01-31T12:00:00Z,u,i,,,2,9.5,EUR\n"
        b"Impression,2026-01-31T12:00:00Z,u,,i|j,3|10,,,\n"
        b"Purchase,2026-01-31T12:00:00Z,u,i,,,2.5,,\n"
        b"View,2026-01-31T12:00:00Z,undefined,i,,,,,\n"
    )

    door.upload(body)
    door.process()

    events = {event["event_type"]: event for event in door.stream_events()}
    assert (events["Purchase"]["quantity"], events["Purchase"]["currency"]) == (2, "EUR")
    assert events["Impression"]["positions"] == [3, 10]
    assert [row["reason"] for row in door.bad_rows()] == ["wrong_type", "placeholder_id"]


def test_csv_numbers_as_spreadsheets_and_data_frames_write_them_are_read(door):
    body = (
        b"event_type,timestamp,user_id,item_id,quantity,event_value,impression,positions\n"
        b"Purchase,2026-01-31T12:00:00Z,u,i,2.0,.5,,\n"
        b"Purchase,2026-01-31T12:00:01Z,u,i,+3,5.,,\n"
        b"Impression,2026-01-31T12:00:02Z,u,,,,i|j,1.0|2.0\n"
    )

    door.upload(body)
    door.process()

    events = sorted(door.stream_events(), key=lambda event: event["timestamp"])
    assert [(event.get("quantity"), event.get("event_value")) for event in events] == [(2, 0.5), (3, 5.0), (None, None)]
    assert events[2]["positions"] == [1, 2]


def test_a_property_that_a_csv_cell_states_twice_is_refused(door):
    body = (
        b"event_type,timestamp,user_id,item_id,properties\n"
        b'View,2026-01-31T12:00:00Z,u,i,"{""a"":1,""a"":2}"\n'
        b'View,2026-01-31T12:00:00Z,u,i,"{""a"": 1}"\n'
    )

    door.upload(body)
    door.process()

    assert [event["properties"] for event in door.stream_events()] == [{"a": 1}]
    (row,) = door.bad_rows()
    assert row["errors"] == [{"field": "properties.a", "rule": "must be there once; the record states it twice"}]


def test_gzip_of_several_streams_is_read(door):
    records = _jsonl(_events(700))

    door.upload(gzip.compress(records[:1000]) + gzip.compress(records[1000:]))
    door.process()

    assert [event["event_id"] for event in door.stream_events()].count("e-699") == 1
    assert len(door.stream_events()) == 700


def test_an_upload_resumes_in_further_invocations_until_its_end(door):
    # When each invocation has time for one chunk only
    upload_id = door.upload(_jsonl(_events(2600)))
    invocations = door.process(0)

    # Then every record was taken once
    assert invocations == 6
    assert door.report(upload_id)["accepted"] == 2600
    assert len(door.stream_events()) == 2600


@settings(max_examples=15)
@given(st.data())
def test_nothing_is_lost_or_counted_twice_under_any_failures(data):
    # Given a stream and an S3 that fail now and then, and invocations that are cut short
    door = FrontDoor()
    door.kinesis.failing = data.draw(st.lists(st.dictionaries(st.integers(0, 2), st.just(THROTTLE)), max_size=12))
    packed = gzip.compress if data.draw(st.booleans()) else bytes
    upload_id = door.upload(packed(_jsonl([*_events(1700), {}])))
    door.s3.breaking_after = data.draw(st.lists(st.sampled_from([10**9, 262_144]), max_size=1))

    door.process(data.draw(st.sampled_from([0, 0.05, 60])))

    report = door.report(upload_id)
    assert (report["state"], report["read"], report["accepted"], report["refused"]) == (
        "SUCCEEDED",
        1701,
        1700,
        {"missing_field": 1},
    )
    assert {event["event_id"] for event in door.stream_events()} == {f"e-{number}" for number in range(1700)}
    assert len(door.bad_rows()) == 1


def test_a_repeated_invocation_changes_nothing(door):
    upload_id = door.upload(_jsonl([item_fields(item_id=str(n)) for n in range(1100)]), kind="items")
    door.process()
    before, lake = door.report(upload_id), door.s3.keys("lake")

    door.resume(upload_id)

    assert door.report(upload_id) == before
    assert door.s3.keys("lake") == lake
    assert len(lake) == 3


def test_an_object_that_is_requested_twice_is_processed_once(door):
    first = door.upload(_jsonl(_events(3)))
    second = door.ask()
    door.process()
    third = door.ask()

    assert first == second == third
    assert door.functions.invoked == []
    assert len(door.stream_events()) == 3


def test_content_that_is_uploaded_again_is_processed_again(door):
    titles = []
    for title in ("A", "B", "A"):
        door.s3.put_object(Bucket="uploads", Key="data", Body=json.dumps(item_fields(title=title)).encode())
        door.ask(kind="items")
        door.process()
        titles.append(json.loads(door.dynamodb.items["entities"]["item#i-1",]["attributes"]["S"])["title"])

    assert titles == ["A", "B", "A"]


def test_the_progress_is_503_while_s3_fails(door):
    upload_id = door.upload(json.dumps(event_fields()).encode())
    door.s3.faults["get_object"].always(server_error())

    with pytest.raises(UnavailableError):
        door.report(upload_id)


def test_a_stray_quote_spoils_only_its_own_row(door):
    rows = [b"item_id,title", b'i0,"5 disk', *[b"i%d,Boots" % number for number in range(1, 2000)]]

    upload_id = door.upload(b"\n".join(rows), kind="items")
    door.process()

    report = door.report(upload_id)
    assert (report["read"], report["accepted"], report["refused"]) == (2000, 1999, {"malformed_json": 1})


def test_a_broken_row_of_an_object_with_consent_is_stored_without_its_bytes(door):
    header = b"event_type,timestamp,user_id,item_id,consent\n"

    door.upload(header + b"View,2026-01-31T12:00:00Z,jane,i\n" + b"View,2026-01-31T12:00:00Z,jane,i,Denied\n")
    door.process()

    assert [row["payload"] for row in door.bad_rows()] == [""]


def test_an_abandoned_upload_is_resumed_by_a_repeated_request(door):
    # Given an upload whose invocation vanished
    upload_id = door.upload(_jsonl(_events(3)))
    door.functions.invoked.clear()

    assert door.ask(now=NOW + timedelta(minutes=6)) == upload_id

    assert door.process() == 1
    assert door.report(upload_id)["state"] == "SUCCEEDED"


def test_an_upload_fails_when_its_records_cannot_be_stored(door):
    door.kinesis.faults.always(server_error())
    upload_id = door.upload(_jsonl(_events(3)))

    door.process(1)

    report = door.report(upload_id)
    assert (report["state"], report["accepted"]) == ("FAILED", 0)
    assert "could not be read or stored" in report["cause"]


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"item_id,colour\n1,2\n", "not so its column 2"),
        (b"item_id,item_id\n1,2\n", "not so its columns 1, 2"),
        (b"item_id,title\n", "no records"),
        (b"item_id,title\r\n\r\n", "no records"),
        (b"item_id,title\n,Boots\n", "no record was accepted"),
        (b'{"title": "Boots"}\n', "no record was accepted"),
        (b"[{}]\n", "header"),
        (b"\xff\xfe\n", "JSON lines"),
        (b"\x1f\x8bnonsense", "damaged"),
        (gzip.compress(b'{"item_id":"a"}\n' * 9, mtime=0)[:-6], "truncated"),
    ],
)
def test_an_object_that_cannot_be_read_fails_with_its_cause(door, body, cause):
    upload_id = door.upload(body, kind="items")
    door.process()

    report = door.report(upload_id)
    assert report["state"] == "FAILED"
    assert cause in report["cause"]


def test_an_object_whose_records_all_deny_consent_succeeds(door):
    upload_id = door.upload(_jsonl([event_fields(consent="denied")]))
    door.process()

    report = door.report(upload_id)
    assert (report["state"], report["suppressed"], report["errors"]) == ("SUCCEEDED", 1, [])


def test_the_lines_of_errors_count_through_invocations_and_blank_lines(door):
    broken = event_fields(item_id=3)
    body = b"\n" + _jsonl(_events(700)) + b"\n\n" + _jsonl([broken, *_events(600), broken])

    upload_id = door.upload(body)
    assert door.process(0) > 1

    assert [error["line"] for error in door.report(upload_id)["errors"]] == [704, 1305]


def test_a_report_has_ten_errors_at_most_of_bounded_length_and_no_values(door):
    records = [event_fields(**{f"{'x' * 5000}{number}": "secret"}) for number in range(30)]

    upload_id = door.upload(_jsonl(records))
    door.process()

    report = door.report(upload_id)
    assert report["refused"] == {"unknown_field": 30}
    assert [error["line"] for error in report["errors"]] == list(range(1, 11))
    assert len(json.dumps(report)) < 5000
    assert "secret" not in json.dumps(report)


def test_an_object_that_changes_during_processing_fails(door):
    upload_id = door.upload(_jsonl(_events(1200)))
    door.resume(upload_id, 0)
    door.s3.objects["uploads", "data"] += _jsonl(_events(1))

    door.process()

    assert "replaced" in door.report(upload_id)["cause"]


def test_a_gzip_bomb_fails_and_is_never_whole_in_memory(door, monkeypatch):
    monkeypatch.setattr(lines, "MAX_UNPACKED_BYTES", 1_000_000)

    upload_id = door.upload(gzip.compress(_jsonl(_events(10_000))))
    door.process()

    assert "unpacks to more than" in door.report(upload_id)["cause"]
    assert door.stream_events() == []


def test_a_line_beyond_the_limit_is_refused_alone(door, monkeypatch):
    # Given a line of more than the limit, with chunks of one row, so that each row is resumed from
    monkeypatch.setattr(processing, "CHUNK_ROWS", 1)
    monkeypatch.setattr(lines, "CHUNK_BYTES", 1000)
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 5000)
    events = _events(3)
    body = _jsonl(events[:1]) + b'{"x":"' + b"y" * 20_000 + b'"}\n' + _jsonl(events[1:]) + b"z" * 7000

    upload_id = door.upload(body)
    door.process(0)

    report = door.report(upload_id)
    assert (report["accepted"], report["refused"]) == (3, {"too_large": 2})
    assert len(door.stream_events()) == 3


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("s3://other-bucket/data", BadRequestError),
        ("https://uploads/data", BadRequestError),
        ("s3://uploads/", BadRequestError),
        ("s3://uploads/reports/a.json", BadRequestError),
        ("s3://uploads/" + "x" * 1025, BadRequestError),
        ("data", BadRequestError),
        ("s3://uploads/missing", NotFoundError),
    ],
)
def test_a_source_outside_the_uploads_bucket_is_refused(door, source, error):
    with pytest.raises(error) as refused:
        door.ask(source)

    assert refused.value.field == "source"
    assert door.functions.invoked == []


def test_an_object_that_is_too_large_is_413(door, monkeypatch):
    monkeypatch.setattr(
        door.s3, "head_object", lambda **_: {"ContentLength": MAX_UPLOAD_BYTES + 1, "ETag": "e", "VersionId": "1"}
    )

    with pytest.raises(TooLargeError):
        door.ask()


def test_an_upload_that_cannot_start_is_503(door):
    door.s3.faults["put_object"].always(server_error())

    with pytest.raises(UnavailableError):
        door.upload(b"{}")


@pytest.mark.parametrize(
    ("upload_id", "error"), [("x", BadRequestError), ("../data", BadRequestError), ("0" * 32, NotFoundError)]
)
def test_an_unknown_upload_is_refused(door, upload_id, error):
    with pytest.raises(error):
        door.report(upload_id)


def test_the_internal_fields_are_fields_of_the_report():
    assert set(reports._INTERNAL) < set(reports.Report.__struct_fields__)
