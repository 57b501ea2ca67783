"""The Lambda entry: the partial batch response, and the metrics that add up."""

from __future__ import annotations

import json
import time
from typing import Any

from backend.forward import handler as entry
from tests.factories.lambda_events import CONTEXT, kinesis_record
from tests.factories.records import numbered_event
from tests.fakes.functions.forwarder import Forwarder


def invoke(forwarder: Forwarder, monkeypatch: Any, *records: dict[str, Any]) -> Any:
    monkeypatch.setattr(entry, "_dependencies", lambda: forwarder.dependencies)
    return entry.handler({"Records": list(records)}, CONTEXT)


def test_a_finished_batch_has_no_failures(monkeypatch, capsys):
    answered = invoke(
        Forwarder(),
        monkeypatch,
        kinesis_record(0, numbered_event(0), numbered_event(0), b"}"),
        kinesis_record(1, numbered_event(1, consent="denied")),
    )
    assert answered == {"batchItemFailures": []}
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    counted = {name: line[name][0] for name in ("received", "forwarded", "bad", "duplicate", "suppressed", "retried")}
    assert counted == {"received": 4, "forwarded": 1, "bad": 1, "duplicate": 1, "suppressed": 1, "retried": 0}
    assert line["unaccounted"] == [0.0]
    assert line["bad_malformed_json"] == [1.0]


def test_an_unfinished_batch_names_the_first_record_to_redeliver(monkeypatch):
    forwarder = Forwarder()
    forwarder.parameters.value = None
    answered = invoke(
        forwarder,
        monkeypatch,
        kinesis_record(0, b"}"),
        kinesis_record(1, numbered_event(0)),
        kinesis_record(2, numbered_event(1)),
    )
    assert answered == {"batchItemFailures": [{"itemIdentifier": f"{1:056d}"}]}


def test_the_time_from_the_stream_to_the_tracker_is_measured(monkeypatch, capsys):
    # Given a batch whose oldest record arrived 40 seconds ago
    records = [kinesis_record(number, numbered_event(number)) for number in range(2)]
    for record, age in zip(records, (10, 40), strict=True):
        record["kinesis"]["approximateArrivalTimestamp"] = time.time() - age
    invoke(Forwarder(), monkeypatch, *records)
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert 40 <= line["update_seconds"][0] < 50
