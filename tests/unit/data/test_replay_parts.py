"""The ledger, and what a replay knows of its payloads."""

from datetime import UTC, datetime

import pytest

from backend.client.encoding import wrap_payload
from data.generator import Settings, generate
from data.replay.__main__ import main as replay
from data.replay.bookkeeping import open_ledger
from deployment.audit.__main__ import main as audit


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


def test_a_command_refuses_to_write_over_the_file_that_it_reads(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "sent.jsonl"
    source.write_bytes(b"{1}")

    with pytest.raises(SystemExit):
        replay(["http://127.0.0.1:9", "--source", "sent.jsonl", "--ledger", str(source)])
    with pytest.raises(SystemExit):
        audit(["local", "--ledger", "sent.jsonl", "--details", str(source)])

    assert source.read_bytes() == b"{1}"
