"""The imports of a cold start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.factories.records import event_json

ROOT = Path(__file__).resolve().parents[3]
READS = """
import sys
from datetime import UTC, datetime
from backend.contract import Refusal, read_event
event = read_event(sys.stdin.buffer.read(), now=datetime(2026, 2, 1, tzinfo=UTC))
assert not isinstance(event, Refusal), event
print(*sorted({"pydantic", "boto3"} & set(sys.modules)))
"""


def test_reading_good_events_imports_no_pydantic():
    run = subprocess.run([sys.executable, "-c", READS], input=event_json(), cwd=ROOT, capture_output=True, check=True)

    assert run.stdout.split() == []
