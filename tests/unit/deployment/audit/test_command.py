"""The command prints the audit, writes its findings, and exits with 1 where an event is not accounted for."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from deployment.audit import __main__ as command
from deployment.audit.auditing import Audit
from deployment.audit.comparison import LAKE, STREAM, Comparison, Finding, StageCounts
from deployment.release.environment import Environment, ReleaseError
from tests.factories.records import NOW


@pytest.fixture
def lost(monkeypatch):
    """What the audit finds lost."""
    events: list[str] = []

    def audit(*_: Any, on_finding: Any, **__: Any) -> Audit:
        for event in events:
            on_finding(Finding("lost", LAKE, event))
        stages = {STREAM: StageCounts(2, 2), LAKE: StageCounts(2, 2 - len(events), lost=len(events))}
        return Audit(
            Comparison(stages, distinct=2),
            NOW,
            NOW,
            Counter(accepted=3),
            ["The tracker is not compared."],
            {"forwarded": 2},
        )

    monkeypatch.setattr(command, "audit", audit)
    monkeypatch.setattr(command, "open_environment", lambda name: Environment(name, {}))
    return events


def test_an_audit_without_findings_succeeds_and_says_what_it_could_not_read(lost, capsys):
    assert command.main(["dev", "--ledger", "sent.jsonl"]) == 0
    printed = capsys.readouterr().out
    assert "lost 0 · doubled 0 · unaccounted 0" in printed
    assert "The tracker is not compared." in printed
    assert "2 forwarded" in printed
    assert "3 sendings" in printed


def test_a_lost_event_fails_the_command_and_is_in_the_details(lost, capsys, tmp_path):
    lost.append("e-1")
    details = tmp_path / "details.jsonl"
    assert command.main(["dev", "--ledger", "sent.jsonl", "--details", str(details)]) == 1
    assert "lost 1 · doubled 0 · unaccounted 1" in capsys.readouterr().out
    assert json.loads(details.read_text()) == {"kind": "lost", "stage": "lake", "event_id": "e-1"}


def test_an_environment_that_does_not_exist_is_named(monkeypatch, capsys):
    def unknown(name: str) -> Environment:
        raise ReleaseError(f"{name} is no environment")

    monkeypatch.setattr(command, "open_environment", unknown)
    assert command.main(["prod", "--ledger", "sent.jsonl"]) == 1
    assert "prod is no environment" in capsys.readouterr().err
