"""The age of the model that serves, and the accuracy of a new version beside it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.judge.decision import decide
from backend.judge.gauges import accuracy_drop_percent, model_age_hours
from tests.factories.lambda_events import GAIN, data_profile, judge_event

NOW = datetime(2026, 11, 2, tzinfo=UTC)  # two days after the last event of a profile
OLD = data_profile() | {"trained": data_profile()["trained"] | {"until": "2026-10-21T00:00:00+00:00"}}


@pytest.mark.parametrize(
    ("gain", "record", "hours"),
    [
        (0.1, {"version": "v1", "profile": OLD}, 48),  # the challenger serves
        (0.9, {"version": "v1", "profile": OLD}, 288),  # the champion stays
        (0.9, {"version": "v0", "profile": OLD}, None),  # the champion was deployed by hand
        (0.9, {}, None),
    ],
)
def test_the_age_is_that_of_the_version_that_serves(gain, record, hours):
    event = judge_event(champion={"version": "v1", "metrics": {GAIN: gain}}, record=record)
    assert model_age_hours(event, decide(event), NOW) == hours


@pytest.mark.parametrize(("gain", "drop"), [(0.4, 25), (0.2, -50), (0.0, None)])
def test_a_loss_of_accuracy_is_relative_to_the_champion(gain, drop):
    decision = decide(judge_event(champion={"version": "v1", "metrics": {GAIN: gain}}))
    assert accuracy_drop_percent(decision) == (None if drop is None else pytest.approx(drop))


def test_a_first_version_has_nothing_to_compare_with():
    assert accuracy_drop_percent(decide(judge_event(champion={}, record={}))) is None
