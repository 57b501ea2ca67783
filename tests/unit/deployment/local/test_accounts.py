"""The counts of events: 0 unaccounted when every stage agrees, and not 0 when any one differs."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from data.replay import ReplayResult
from data.stream import ExpectedOutcomes
from deployment.audit.comparison import HISTORY, LAKE, STAGES, TRACKER, Comparison, StageCounts
from deployment.local.demo.accounting import LakeCounts
from deployment.local.demo.reactions import Reaction
from deployment.local.demo.report import EventCounts

if TYPE_CHECKING:
    from rich.table import Table

REFUSED = Counter(too_long=2, unknown_value=1)


def audited(**changes: int) -> Comparison:
    stages = {stage: StageCounts(expected=6, found=6) for stage in STAGES}
    return Comparison(stages | {LAKE: StageCounts(expected=6, found=6, **changes)}, distinct=6)


def counts(**changes) -> EventCounts:
    """Twelve sent: seven accepted with a repeat and a search, two suppressed, three refused of which two are kept."""
    agreed: dict[str, Any] = {
        "sent": ReplayResult(sent=12, accepted=7, suppressed=2, refused=REFUSED, withheld=1),
        "bad_rows": 2,
        "expected": ExpectedOutcomes(sent=12, accepted=7, repeats=1, suppressed=2, refused=REFUSED),
        "lake": LakeCounts(rows=7, distinct=6, forwarded=6, distinct_in_run=6),
        "audited": audited(),
        "manifest": {"written": {"interactions": 5}, "dropped": {"no_item": 1}},
    }
    return EventCounts(**(agreed | changes))


def rows_of(table: Table) -> dict[str, list[str]]:
    """Return the second and the third cell of each row by the first."""
    with StringIO() as text:
        Console(file=text, width=200).print(table)
        rows = [[cell[1:] for cell in line.split("│")[1:-1]] for line in text.getvalue().splitlines() if "│" in line]
    return {name.rstrip(): [cell.strip() for cell in cells] for name, *cells in rows}


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
        {"sent": ReplayResult(sent=12, accepted=7, suppressed=2)},
        {"sent": ReplayResult(sent=12, accepted=6, suppressed=3, refused=REFUSED, withheld=1)},
        {"bad_rows": 1},
        {"audited": audited(lost=1)},
        {"audited": audited(doubled=1)},
        {"audited": Comparison(audited().stages, distinct=5)},
        {"manifest": {"written": {"interactions": 4}, "dropped": {"no_item": 1}}},
    ],
)
def test_a_stage_that_differs_shows(change):
    assert counts(**change).unaccounted > 0


def test_the_table_has_each_difference_between_the_stages():
    forwarded = {stage: StageCounts(expected=3, found=2, failed=1) for stage in (TRACKER, HISTORY)}
    result = Comparison(audited().stages | forwarded, distinct=6, not_forwarded=Counter(Dislike=1, RemoveFromCart=2))

    rows = rows_of(counts(audited=result, bad_rows=5).table())

    assert rows["refused"][0] == "3"
    assert rows["  kept"] == ["5", "with the reason in the table bad_rows; 3 more: sent again, or of other producers"]
    assert rows["  not kept"] == ["1", "stored nowhere, since the bytes may deny consent"]
    assert rows["not forwarded"] == ["3", "2 RemoveFromCart, 1 Dislike: neither interactions nor log-ins"]
    assert rows["at the tracker"] == ["2", "different events of this run; 1 failed and kept for a replay"]


def test_a_reaction_has_the_move_of_each_item():
    reaction = Reaction("u-1", ["x"], before=["a", "b", "c"], after=["a", "c", "x", "b"], seconds=0.1, because=[])

    assert reaction.moves() == ["=", "▲ 1", "new", "▼ 2"]
