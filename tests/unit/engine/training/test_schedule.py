"""When automatic trainings are due."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.engine.training.schedule import training_is_due

HOUR, DAY = 3600.0, 86_400.0
START = 1_000_000.0


def due(after, begun=(), skipped=0.0, days=7):
    return training_is_due(
        START + after, START, [START + offset for offset in begun], days=days, hour_seconds=HOUR, skipped=skipped
    )


@pytest.mark.parametrize(
    ("after", "begun", "expected"),
    [
        (HOUR - 1, (), False),
        (HOUR, (), True),
        (2 * HOUR, (60.0,), False),  # by hand within the hour: the first training is left out
        (60.0 + 7 * DAY, (60.0,), True),  # and the schedule goes by when it was begun
        (8 * DAY, (60.0, 2 * DAY), False),
        (9 * DAY, (60.0, 2 * DAY), True),
        (2 * HOUR, (-5 * DAY,), True),  # from before it was switched on
    ],
)
def test_trainings_are_due_an_hour_after_the_start_and_a_period_after_the_latest(after, begun, expected):
    assert due(after, begun) is expected


def test_a_skipped_training_moves_the_next_one_by_a_period():
    assert due(8 * DAY, (0.0,))
    assert not due(8 * DAY, (0.0,), skipped=START + 7 * DAY)
    assert due(14 * DAY, (0.0,), skipped=START + 7 * DAY)


@given(
    begun=st.lists(st.floats(0, 100 * DAY), max_size=5),
    after=st.floats(0, 200 * DAY),
    later=st.floats(0, 100 * DAY),
    days=st.integers(1, 30),
)
def test_a_due_training_stays_due_until_one_starts(begun, after, later, days):
    if due(after, begun, days=days):
        assert due(after + later, begun, days=days)
        assert not due(after, [*begun, after], days=days)
