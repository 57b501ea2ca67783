"""Every record of a Firehose batch is answered once: with its row, as dropped, or as failed with its own bytes."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.contract import Event, read_event
from backend.lake import handler as entry
from backend.lake import transform as transforming
from backend.lake.row import LakeRow
from backend.lake.sessions import MAX_EVENTS_PER_MINUTE
from backend.lake.transform import transform
from tests.factories.lambda_events import ARRIVED_AT, firehose_record
from tests.factories.records import event_fields, full_event_fields, impression_fields
from tests.fakes.buckets import FakeS3
from tests.fakes.faults import denied

COLUMNS = Path(__file__).parents[3] / "infrastructure/modules/lake/generated/columns.json"


def purchase(**changes: Any) -> dict[str, Any]:
    return event_fields(
        **{"event_type": "Purchase", "timestamp": "2026-01-31T14:00:00.1239+02:00", "session_id": ..., **changes}
    )


def row_of(answer: Any) -> dict[str, Any]:
    line = base64.b64decode(answer["data"])
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    row: dict[str, Any] = json.loads(line)
    return row


@pytest.mark.parametrize("data", ["a", "e30", "é===", "e3@0="])
def test_a_record_in_invalid_base64_fails_alone_and_unchanged(data):
    records = [firehose_record(0, purchase()), firehose_record(1, purchase()) | {"data": data}]

    outcome = transform(records)

    assert [record["result"] for record in outcome.records] == ["Ok", "ProcessingFailed"]
    assert (outcome.records[1]["data"], outcome.bad_by_reason) == (data, {"malformed_base64": 1})
    assert outcome.unaccounted == 0


def test_an_event_becomes_a_row():
    event = purchase(
        event_value=3, impression=["mug", "cup"], properties={"page": 'say "é"', "n": None}, session_id="s"
    )
    [answer] = transform([firehose_record(0, event)]).records
    assert (answer["recordId"], answer["result"]) == ("r-0", "Ok")
    row = row_of(answer)
    assert json.loads(row.pop("properties")) == {"page": 'say "é"', "n": None}
    assert row == {
        "event_id": "e-1",
        "user_id": "u-1",
        "session_id": "s",
        "item_id": "i-1",
        "timestamp": "2026-01-31 12:00:00.123",
        "event_type": "Purchase",
        "event_value": 3.0,
        "impression": ["mug", "cup"],
        "consent": "granted",
        "schema_version": "1",
        "received_at": "2026-01-31 13:00:00.000",
        "producer": "server",
    }


def test_every_field_of_an_event_is_in_its_row():
    fields = full_event_fields(producer="page")
    [answer] = transform([firehose_record(0, fields)]).records
    row = row_of(answer)
    same = fields.keys() - {"timestamp", "received_at", "properties"}
    assert {name: row[name] for name in same} == {name: fields[name] for name in same}


@pytest.mark.parametrize(("stated", "stored"), [({}, [1, 2]), ({"positions": [4, 9]}, [4, 9])])
def test_a_list_that_was_seen_has_its_positions(stated, stored):
    [answer] = transform([firehose_record(0, impression_fields(**stated))]).records
    row = row_of(answer)
    assert (row["impression"], row["positions"]) == (["i-1", "i-2"], stored)
    assert row["item_id"] is None


def test_the_row_has_the_columns_of_the_table_in_their_order():
    columns = [column["name"] for column in json.loads(COLUMNS.read_text())["events"]]
    assert list(LakeRow.__struct_fields__) == columns


def test_received_at_of_the_front_door_is_kept():
    [answer] = transform([firehose_record(0, purchase(received_at="2026-01-31T12:30:00.5Z"))]).records
    assert row_of(answer)["received_at"] == "2026-01-31 12:30:00.500"


def test_an_event_without_an_id_gets_the_derived_one():
    event = purchase(event_id=...)
    [first, second] = (
        row_of(answer) for answer in transform([firehose_record(0, event), firehose_record(1, event)]).records
    )
    assert re.fullmatch("[0-9a-f]{32}", first["event_id"])
    assert first["event_id"] == second["event_id"]


@pytest.mark.parametrize("changes", [{"consent": "denied"}, {"consent": "Denied"}, {"consent": "denied", "colour": 1}])
def test_an_event_that_denies_consent_is_dropped_even_where_it_breaks_a_rule(changes):
    outcome = transform([firehose_record(0, purchase(**changes))])
    assert outcome.records == [{"recordId": "r-0", "result": "Dropped"}]
    assert outcome.suppressed == 1


@pytest.mark.parametrize("data", [b"", b"{,}", b"\xff", b"[1]", json.dumps(purchase(event_type="Stare")).encode()])
def test_a_bad_record_fails_with_its_own_bytes(data):
    outcome = transform([firehose_record(0, data), firehose_record(1, purchase())])
    assert outcome.records[0] == {
        "recordId": "r-0",
        "result": "ProcessingFailed",
        "data": base64.b64encode(data).decode(),
    }
    assert (outcome.bad, outcome.stored) == (1, 1)


def test_an_event_is_validated_against_its_arrival_at_kinesis():
    ahead = [purchase(timestamp="2026-01-31T13:15:00Z"), purchase(timestamp="2026-01-31T13:15:30Z")]
    assert [answer["result"] for answer in transform([firehose_record(0, event) for event in ahead]).records] == [
        "Ok",
        "ProcessingFailed",
    ]


def test_the_last_rows_of_a_too_large_response_fail_with_their_own_bytes(monkeypatch):
    quotes = {f"p{n}": '"' * 10 for n in range(25)}
    records = [firehose_record(n, purchase(event_id=f"e-{n}", properties=quotes)) for n in range(50)]
    whole = sum(len(answer["data"]) for answer in transform(records).records)
    monkeypatch.setattr(transforming, "MAX_RESPONSE_BYTES", whole)
    outcome = transform(records)
    assert len(json.dumps({"records": outcome.records})) <= whole
    assert 0 < outcome.oversized < 50
    assert outcome.unaccounted == 0
    assert [answer["result"] for answer in outcome.records] == ["Ok"] * outcome.stored + [
        "ProcessingFailed"
    ] * outcome.oversized
    assert outcome.records[-1]["data"] == records[-1]["data"]


def test_a_row_smaller_than_its_record_does_not_fail(monkeypatch):
    monkeypatch.setattr(transforming, "MAX_RESPONSE_BYTES", 0)
    spacious = json.dumps(purchase(), indent=100).encode()
    assert transform([firehose_record(0, spacious)]).stored == 1


@settings(max_examples=100)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=50),
            st.builds(
                purchase,
                event_type=st.sampled_from(["View", "Stare"]),
                consent=st.sampled_from(["granted", "denied"]),
                item_id=st.text(max_size=5),
                event_value=st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
            ),
        ),
        max_size=20,
    )
)
def test_every_record_is_answered_once_and_every_row_has_the_fields_of_its_event(contents):
    records = [firehose_record(number, content) for number, content in enumerate(contents)]
    outcome = transform(records)
    assert [answer["recordId"] for answer in outcome.records] == [record["recordId"] for record in records]
    assert outcome.unaccounted == 0
    for record, answer in zip(records, outcome.records, strict=True):
        read = read_event(base64.b64decode(record["data"]), now=ARRIVED_AT)
        if answer["result"] == "Ok":
            assert isinstance(read, Event)
            row = row_of(answer)
            assert (row["item_id"], row.get("event_value")) == (read.item_id, read.event_value)
        elif answer["result"] == "ProcessingFailed":
            assert answer["data"] == record["data"]


@pytest.fixture
def bad_rows(monkeypatch):
    bucket = FakeS3("bad-rows")
    monkeypatch.setattr(entry, "_client", lambda: bucket)
    monkeypatch.setenv("BAD_ROWS_BUCKET", "bad-rows")
    return bucket


BATCH = {
    "records": [firehose_record(n, each) for n, each in enumerate((purchase(), b"{,}", purchase(consent="denied")))]
}


def test_the_entry_answers_firehose_and_counts(bad_rows, capsys):
    answered = entry.handler(BATCH, None)
    assert [answer["result"] for answer in answered["records"]] == ["Ok", "Dropped", "Dropped"]
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    names = ("received", "stored", "bad", "suppressed", "oversized", "unaccounted")
    assert [line[name][0] for name in names] == [3, 1, 1, 1, 0, 0]
    assert line["bad_malformed_json"] == [1.0]


def test_a_refused_record_is_a_bad_row_and_the_same_one_when_it_is_delivered_again(bad_rows):
    for _ in range(2):
        entry.handler(BATCH, None)
    [key] = bad_rows.keys("bad-rows")
    assert key.startswith(f"lake/ingest_date={ARRIVED_AT:%Y-%m-%d}/")
    [row] = bad_rows.json_lines("bad-rows")
    assert (row["source"], row["reason"], base64.b64decode(row["payload"])) == ("lake", "malformed_json", b"{,}")


def test_firehose_keeps_a_refused_record_that_s3_does_not_take(bad_rows, capsys):
    bad_rows.faults["put_object"].always(denied())
    answered = entry.handler(BATCH, None)
    assert answered["records"][1] == {
        "recordId": "r-1",
        "result": "ProcessingFailed",
        "data": base64.b64encode(b"{,}").decode(),
    }
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert (line["bad"], line["suppressed"], line["unaccounted"]) == ([1], [1], [0])


def at(seconds: float, number: int, **changes: Any) -> dict[str, Any]:
    moment = (ARRIVED_AT - timedelta(seconds=seconds)).isoformat()
    return purchase(event_id=f"e-{number}", timestamp=moment, **changes)


def test_a_session_that_is_too_fast_is_marked_as_a_bots_and_stored():
    most = MAX_EVENTS_PER_MINUTE
    fast = [at(3600 + 60, number, session_id="fast", user_id=...) for number in range(most + 1)]
    slow = [at(3600 + 60 * (number % 2), number, session_id="slow") for number in range(most + 1)]
    busy = [at(3600, number, user_id="busy") for number in range(most)]
    earlier = [at(9000, 0, session_id="fast")]
    events = [*fast, *slow, *busy, *earlier]

    outcome = transform([firehose_record(number, event) for number, event in enumerate(events)])

    rows = [row_of(answer) for answer in outcome.records]
    assert outcome.stored == len(events)
    assert [row["session_id"] for row in rows if row.get("bot")] == ["fast"] * (most + 2)
    assert outcome.bots == most + 2


def test_lateness_and_clocks_that_are_ahead_are_measured():
    delays = [7200, 3601, 3600, 0, -20]
    outcome = transform([firehose_record(number, at(delay, number)) for number, delay in enumerate(delays)])
    assert (outcome.late, outcome.late_seconds) == (2, 7200)
    assert (outcome.ahead, outcome.ahead_seconds) == (1, 20)


def test_the_time_of_receipt_is_that_of_the_front_door():
    received = (ARRIVED_AT - timedelta(seconds=5)).isoformat()
    outcome = transform([firehose_record(0, at(4, 0, received_at=received))])
    assert (outcome.late_seconds, outcome.ahead_seconds) == (0, 1)
