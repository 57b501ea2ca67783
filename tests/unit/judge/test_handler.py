"""The judge counts its verdicts, and the champions that stay though the world has moved."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.judge.test_drift import GAIN, event, profile

MOVED = profile(event_types={"View": 100, "Purchase": 900})


@pytest.mark.parametrize(
    ("gain", "newest", "counted"),
    [
        (0.9, MOVED, {"kept_champion": 1, "drift_found": 1, "champion_outdated": 1}),
        (0.9, profile(), {"kept_champion": 1, "drift_found": 0, "champion_outdated": 0}),
        (0.1, MOVED, {"kept_challenger": 1, "drift_found": 1, "champion_outdated": 0}),
    ],
)
def test_a_verdict_is_counted(gain, newest, counted, monkeypatch, capsys):
    # Given a challenger of 0.3 beside a champion
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Rivulet")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "judge")
    from backend.judge.handler import handler  # noqa: PLC0415 - reads the environment

    # When
    handler(event(champion={"version": "v1", "metrics": {GAIN: gain}}, profile=newest), None)

    # Then
    written: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {name: value[0] for name, value in written.items() if isinstance(value, list)} == counted
