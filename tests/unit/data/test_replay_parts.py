"""The ledger, and what a replay knows of its payloads."""

from datetime import UTC, datetime

import pytest

from backend.client.encoding import wrap_payload
from data.generator import Settings, generate
from data.replay.bookkeeping import open_ledger


def test_the_producer_knows_which_payloads_are_json_as_the_stream_does():
    stream = generate(
        Settings(items=100, users=60, events=3_000, days=5, until=datetime(2026, 11, 1, tzinfo=UTC), broken=0.5)
    )

    events = list(stream.events)

    assert {event.is_json for event in events} == {True, False}
    assert [wrap_payload(event.payload).is_json for event in events] == [event.is_json for event in events]


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
