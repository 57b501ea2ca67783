"""The counts of events: 0 unaccounted when every stage agrees, and not 0 when any one differs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from data.replay import ReplayResult
from data.stream import ExpectedOutcomes
from deployment.audit.comparison import LAKE, STAGES, Comparison, StageCounts
from deployment.local.demo.accounting import LakeCounts
from deployment.local.demo.reactions import Reaction
from deployment.local.demo.report import EventCounts

REFUSED = Counter(too_long=1)


def audited(**changes: int) -> Comparison:
    stages = {stage: StageCounts(expected=6, found=6) for stage in STAGES}
    return Comparison(stages | {LAKE: StageCounts(expected=6, found=6, **changes)}, distinct=6)


def counts(**changes) -> EventCounts:
    """Ten sent: seven accepted of which one is a repeat, two suppressed, one refused, one of the six a search."""
    agreed: dict[str, Any] = {
        "sent": ReplayResult(sent=10, accepted=7, suppressed=2, refused=REFUSED),
        "expected": ExpectedOutcomes(sent=10, accepted=7, repeats=1, suppressed=2, refused=REFUSED),
        "lake": LakeCounts(rows=7, distinct=6, forwarded=6, distinct_in_run=6),
        "audited": audited(),
        "manifest": {"written": {"interactions": 5}, "dropped": {"no_item": 1}},
    }
    return EventCounts(**(agreed | changes))


def test_stages_that_agree_leave_nothing_unaccounted():
    assert counts().unaccounted == 0


def test_a_second_run_of_the_same_stream_adds_up_as_well():
    # Given that the lake holds an earlier stream of four beside this one
    second = counts(
        lake=LakeCounts(rows=18, distinct=10, forwarded=10, distinct_in_run=6),
        manifest={"written": {"interactions": 9}, "dropped": {"no_item": 1}},
    )

    assert second.unaccounted == 0


@pytest.mark.parametrize(
    "change",
    [
        {"sent": ReplayResult(sent=10, accepted=7, suppressed=2)},
        {"sent": ReplayResult(sent=10, accepted=6, suppressed=3, refused=REFUSED)},
        {"audited": audited(lost=1)},
        {"audited": audited(doubled=1)},
        {"audited": Comparison(audited().stages, distinct=5)},
        {"manifest": {"written": {"interactions": 4}, "dropped": {"no_item": 1}}},
    ],
)
def test_a_stage_that_differs_shows(change):
    assert counts(**change).unaccounted > 0


def test_a_reaction_has_the_move_of_each_item():
    reaction = Reaction("u-1", ["x"], before=["a", "b", "c"], after=["a", "c", "x", "b"], seconds=0.1, because=[])

    assert reaction.moves() == ["=", "▲ 1", "new", "▼ 2"]
