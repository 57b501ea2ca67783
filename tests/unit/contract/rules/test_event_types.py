"""A deployment's own types of event, and the types that it declares as interactions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.contract.rules.event_types import (
    DEFAULT_INTERACTION_TYPES,
    EventTypesError,
    read_interaction_types,
    read_own_types,
)
from tests.factories.lambda_events import firehose_record, kinesis_record
from tests.factories.records import numbered_event

ROOT = Path(__file__).resolve().parents[4]
RUN = """
import json, sys
from datetime import UTC, datetime
from backend.contract import Refusal, read_event, read_events
from backend.forward.reading import read_batch
from backend.lake.transform import transform

given = json.load(sys.stdin)
now = datetime(2026, 2, 1, tzinfo=UTC)
events = read_events(json.dumps(given["events"]).encode(), now=now)
refused = read_event(json.dumps({**given["events"][0], "event_type": "Stare"}).encode(), now=now)
batch = read_batch([given["kinesis"]])
print(json.dumps({
    "read": [None if isinstance(event, Refusal) else event.event_type for event in events],
    "explained": refused.errors[0].rule,
    "forwarded": [received.event.event_type for received in batch.events],
    "not_forwarded": batch.not_forwarded,
    "stored": transform(given["firehose"]).stored,
}))
"""


def test_own_types_are_accepted_and_only_declared_types_are_forwarded():
    # Given a deployment with two own types, one of which is declared as an interaction
    configured = {"OWN_EVENT_TYPES": "Wish,Share", "INTERACTION_TYPES": "View,Wish"}
    events = [
        numbered_event(n, event_type=kind, session_id=None) for n, kind in enumerate(("View", "Wish", "Share", "Click"))
    ]
    given = {
        "events": events,
        "kinesis": kinesis_record(0, *events),
        "firehose": [firehose_record(n, event) for n, event in enumerate(events)],
    }

    run = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(given).encode(),
        env={**os.environ, **configured},
        cwd=ROOT,
        capture_output=True,
        check=True,
    )

    found = json.loads(run.stdout)
    assert found["read"] == ["View", "Wish", "Share", "Click"]
    assert (found["forwarded"], found["not_forwarded"], found["stored"]) == (["View", "Wish"], 2, 4)
    assert '"Share"' in found["explained"]


def test_without_configuration_there_are_no_own_types():
    assert read_own_types({}) == ()
    assert read_interaction_types({}) == DEFAULT_INTERACTION_TYPES


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"OWN_EVENT_TYPES": "view"}, "view differs from another type by its case at most"),
        ({"OWN_EVENT_TYPES": "Wish,wish"}, "wish differs"),
        ({"OWN_EVENT_TYPES": "add to list"}, "must be 1 to 64 letters"),
        ({"INTERACTION_TYPES": "View,Wish"}, "Wish is no type of event that has an item"),
        ({"INTERACTION_TYPES": "Impression"}, "Impression is no type of event that has an item"),
    ],
)
def test_types_that_contradict_the_contract_are_named(environment, message):
    with pytest.raises(EventTypesError, match=message):
        [read_own_types(environment), read_interaction_types(environment)]
