"""Each stage is read into sightings: events with their times, and the fields in which two of one id differ."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from backend.contract import aggregate_records
from backend.contract.accounting.ledger import LedgerError, ledger_line
from deployment.audit.auditing import Resources, audit
from deployment.audit.comparison import FAILED, HISTORY, LAKE, STREAM, TRACKER
from deployment.audit.stages import (
    QueryFailedError,
    Window,
    failed,
    forward_counts,
    in_engine,
    in_history,
    in_lake,
    in_stream,
    is_beyond_retention,
)
from model.engine.storage.event_log.records import ActionRecord, EventRecord, encode
from tests.factories.engine.event_logs import write_log
from tests.factories.lambda_events import kinesis_record
from tests.factories.records import NOW, numbered_event
from tests.fakes.functions.failures import FailedRecords, ListedS3, ReadableStream
from tests.fakes.functions.forwarder import Forwarder

HOUR = timedelta(hours=1)


def event(number: int, **changes: Any) -> bytes:
    return json.dumps(numbered_event(number, **changes)).encode()


@pytest.fixture
def window():
    window = Window()
    lines = [
        ledger_line("accepted", NOW - HOUR, NOW - HOUR / 2, event_id="e-0", event_type="View"),
        ledger_line("refused", NOW - 3 * HOUR, NOW - 2 * HOUR, reason="malformed_json"),
        ledger_line("accepted", NOW - HOUR, NOW, event_id=None),
    ]
    assert [(each.event_id, each.place, each.at) for each in window.ledger(lines)] == [
        ("e-0", "accepted", (NOW - HOUR / 2).timestamp())
    ]
    return window


def test_the_window_is_that_of_the_ledger_or_of_the_arguments(window):
    assert (window.first, window.last, window.without_id) == (NOW - 3 * HOUR, NOW, 1)
    assert window.sendings == {"accepted": 2, "refused": 1}
    narrow = Window(NOW - 2 * HOUR, NOW - HOUR)
    lines = [ledger_line("accepted", NOW - back * HOUR, NOW - back * HOUR, event_id=f"{back}") for back in (3, 2, 1)]
    assert [each.event_id for each in narrow.ledger(lines)] == ["2"]


def test_a_ledger_without_a_sending_in_the_window_is_no_good_audit(tmp_path):
    ledger = tmp_path / "sent.jsonl"
    ledger.write_bytes(ledger_line("accepted", NOW - HOUR, NOW, event_id="e-0"))
    unreachable: Any = None
    with pytest.raises(LedgerError, match="no sending"):
        audit(ledger, Resources(unreachable, "rivulet-dev"), Window(NOW + HOUR))


def test_the_stream_is_read_event_by_event(window, monkeypatch):
    monkeypatch.setattr("backend.replay.sources._STREAM_PAUSE_SECONDS", 0)
    aggregate = aggregate_records([("ann", event(1)), ("ann", event(2, event_id=...))])
    stream: Any = ReadableStream(a=[(NOW - HOUR, event(0)), (NOW, aggregate), (NOW, b"}")])

    sightings = list(in_stream(stream, "events", window, NOW + HOUR))

    assert [each.event_id for each in sightings][:2] == ["e-0", "e-1"]
    assert len(sightings[2].event_id) == 32
    assert {each.place for each in sightings} == {STREAM}
    assert sightings[0].at == (NOW - HOUR).timestamp()
    assert len({each.identity for each in sightings}) == 3


@pytest.mark.parametrize(("hours", "is_beyond"), [(2, True), (24, False)])
def test_a_window_that_the_stream_has_deleted_is_recognized(window, hours, is_beyond):
    summary = {"StreamDescriptionSummary": {"RetentionPeriodHours": hours}}
    client: Any = SimpleNamespace(describe_stream_summary=lambda **_: summary)
    assert is_beyond_retention(client, "events", window, NOW) is is_beyond


def test_the_events_of_an_engine_are_read_from_its_log_while_it_runs(tmp_path):
    log = tmp_path / "groups" / "g" / "streamed"
    fields: dict[str, Any] = {"user_id": "ann", "session_id": "s", "event_type": "View", "item_id": "mug", "time": 1}
    records = [EventRecord("e-0", **fields), ActionRecord("a-0", **fields), EventRecord("e-1", **fields)]
    write_log(log, [[encode(record)] for record in records])
    with (log / "00000001.log").open("ab") as file:
        file.write(b"torn")

    assert [(each.event_id, each.place) for each in in_engine(tmp_path)] == [("e-0", TRACKER), ("e-1", TRACKER)]


def test_the_history_of_forward_is_read_and_its_notes_are_not(window):
    # Given what forward writes: two events, one refused and one call for later
    forwarder = Forwarder()
    forwarder.forward(kinesis_record(0, numbered_event(0), numbered_event(1, user_id="bob")))
    items = list(forwarder.dynamodb.items["history"].values())
    asked: list[dict[str, Any]] = []

    def paginate(**arguments: Any) -> list[dict[str, Any]]:
        asked.append(arguments)
        return [{"Items": items[:1]}, {"Items": items[1:]}]

    client: Any = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=paginate))
    sightings = list(in_history(client, "history", 30, window, NOW))

    assert sorted(each.event_id for each in sightings) == ["e-0", "e-1"]
    assert {each.place for each in sightings} == {HISTORY}
    first, last = (int(asked[0]["ExpressionAttributeValues"][name]["N"]) for name in (":first", ":last"))
    assert first == (NOW - 4 * HOUR).timestamp() + 30 * 86400
    assert last > NOW.timestamp() + 30 * 86400


def test_what_failed_behind_the_front_door_is_seen_where_it_failed(window):
    kept = FailedRecords()
    kept.refuse("collect", "in_future", event(0), at=NOW)
    kept.refuse("forward", "refused_by_tracker", event(1), at=NOW)
    kept.discard("RecordAgeExceeded", kinesis_record(0, numbered_event(2)))
    kept.fail_delivery(event(3), b"}")
    s3: Any = kept.s3

    seen = {each.event_id: each.place for each in failed(s3, "bad-rows", "lake", window)}

    assert seen == {"e-1": FAILED[TRACKER], "e-2": FAILED[HISTORY], "e-3": FAILED[LAKE]}


class FakeAthena:
    """Athena with one query, which has succeeded or failed at the second look."""

    def __init__(self, state: str) -> None:
        self.states = ["RUNNING", state]
        self.sql = ""

    def start_query_execution(self, *, QueryString: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.sql = QueryString
        return {"QueryExecutionId": "1"}

    def get_query_execution(self, **_: Any) -> dict[str, Any]:
        status = {"State": self.states.pop(0), "StateChangeReason": "it scans too much"}
        location = {"OutputLocation": "s3://lake/results/1.csv"}
        return {"QueryExecution": {"Status": status, "ResultConfiguration": location}}


@pytest.fixture
def no_pause(monkeypatch):
    monkeypatch.setattr("deployment.audit.stages._POLL_SECONDS", 0)


def test_the_rows_of_the_lake_are_read_with_the_hour_of_their_partition(window, no_pause):
    s3: Any = ListedS3("lake")
    content = '"event_id","a","b","c","d","e"\n"e-0","ann","s-1","2026-01-31 12:00:00.000","2026-01-31","23"\n'
    s3.put_object(Bucket="lake", Key="results/1.csv", Body=content.encode())
    athena: Any = FakeAthena("SUCCEEDED")

    [sighting] = in_lake(athena, s3, "rivulet_dev", "rivulet-dev", window)

    assert (sighting.event_id, sighting.place, sighting.at) == ("e-0", LAKE, (NOW - HOUR).timestamp())
    assert sighting.identity == "ann\ns-1\n2026-01-31 12:00:00.000"
    assert "BETWEEN '2026-01-31'" in athena.sql
    assert "timestamp '2026-01-31 20:00:00.000'" in athena.sql


def test_a_query_that_fails_is_an_error_with_its_reason(window, no_pause):
    athena: Any = FakeAthena("FAILED")
    s3: Any = ListedS3("lake")
    with pytest.raises(QueryFailedError, match="it scans too much"):
        list(in_lake(athena, s3, "rivulet_dev", "rivulet-dev", window))


def test_the_outcomes_that_forward_counted_are_summed_over_the_hours(window):
    pages = [
        {"MetricDataResults": [{"Id": "m0", "Values": [3.0, 4.0]}, {"Id": "m1", "Values": [2.0]}]},
        {"MetricDataResults": [{"Id": "m0", "Values": [5.0]}]},
    ]
    client: Any = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: pages))
    counts = forward_counts(client, "rivulet-dev", ["forwarded", "bad", "settled"], window, NOW)
    assert counts == {"forwarded": 12, "bad": 2, "settled": 0}
