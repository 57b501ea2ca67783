"""The judge counts its verdicts, and the champions that stay although the data have drifted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.judge.handler import handler
from tests.factories.lambda_events import GAIN, data_profile, judge_event

DRIFTED = data_profile(event_types={"View": 100, "Purchase": 900})


@pytest.mark.parametrize(
    ("gain", "latest", "counted"),
    [
        (0.9, DRIFTED, {"kept_champion": 1, "drift_found": 1, "champion_outdated": 1}),
        (0.9, data_profile(), {"kept_champion": 1, "drift_found": 0, "champion_outdated": 0}),
        (0.1, DRIFTED, {"kept_challenger": 1, "drift_found": 1, "champion_outdated": 0}),
    ],
)
def test_a_verdict_is_counted(gain, latest, counted, capsys):
    # When a challenger of 0.3 competes with a champion
    handler(judge_event(champion={"version": "v1", "metrics": {GAIN: gain}}, profile=latest), None)

    written: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {name: written[name][0] for name in counted} == counted
    assert written.keys() >= {"model_age_hours", "accuracy_drop_percent"}
