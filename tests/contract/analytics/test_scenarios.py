"""The views over the tables of the scenarios, which the reference builds: every figure is counted by hand there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories.analytics import audiences, lists, reference
from tests.factories.analytics.lake import write_scenarios
from tests.factories.analytics.scenarios import SCENARIOS
from tests.fakes.emulator.curated_lake import CuratedLake

if TYPE_CHECKING:
    from pathlib import Path

    from tests.factories.analytics.scenario import Fields, Scenario

TODAY = datetime.now(UTC).date()
# Views of the last 28 days; their scenario is moved to yesterday.
OF_LAST_DAYS = ("experiment", "experiment_users")
FIGURES = [
    pytest.param(scenario, view, id=f"{view}: {scenario.name}")
    for scenario in SCENARIOS
    for view in scenario.views
    if view not in OF_LAST_DAYS
]


def fill(lake: CuratedLake, folder: Path, scenarios: list[Scenario]) -> CuratedLake:
    write_scenarios(folder, scenarios)
    for name, rows in reference.build(folder).items():
        lake.put(name, rows.to_pylist())
    return lake


def moved(scenario: Scenario, days: timedelta) -> Scenario:
    events = [row | {name: row[name] + days for name in ("timestamp", "received_at")} for row in scenario.events]
    return replace(scenario, events=events)


@pytest.fixture(scope="module")
def curated(cloud, tmp_path_factory):
    return fill(CuratedLake(cloud, "scenarios"), tmp_path_factory.mktemp("scenarios"), SCENARIOS)


@pytest.fixture(scope="module")
def recent(cloud, tmp_path_factory):
    """A lake whose experiment was yesterday, and whose cohorts' ninth day is today."""
    experiment = moved(audiences.EXPERIMENT, TODAY - timedelta(days=1) - datetime(2026, 6, 20, tzinfo=UTC).date())
    running = audiences.retention(TODAY - timedelta(days=8), is_running=True)
    return fill(CuratedLake(cloud, "recent"), tmp_path_factory.mktemp("recent"), [experiment, running])


def check(records: list[Fields], expected: list[Fields]) -> None:
    """Check that each expected row is there, in its columns, and that no other row has its values of text."""
    for row in expected:
        same = [record for record in records if all(record[name] == value for name, value in _names(row).items())]
        found = [{name: record[name] for name in row} for record in same]
        assert found == [_about(row)]


def _about(row: Fields) -> Fields:
    return {name: pytest.approx(value, rel=1e-5) if isinstance(value, float) else value for name, value in row.items()}


def _names(row: Fields) -> dict[str, Any]:
    places = {name: row[name] for name in ("n", "position") if name in row}
    return {name: value for name, value in row.items() if isinstance(value, str)} | places


@pytest.mark.parametrize(("scenario", "view"), FIGURES)
def test_a_view_has_the_figures_of_a_scenario(curated, scenario, view):
    expected = scenario.views[view]
    day = "first_date" if view == "retention" else "event_date"
    days = ", ".join(f"'{day}'" for day in sorted(scenario.days))

    records = curated.records(f"SELECT * FROM {view} WHERE {day} IN ({days})")

    check(records, expected)
    # Retention has each day of a cohort.
    assert view == "retention" or len(records) == len(expected)


def test_days_that_are_not_over_have_no_rate(recent):
    running = audiences.retention(TODAY - timedelta(days=8), is_running=True)

    check(recent.records("SELECT * FROM retention"), running.views["retention"])


def test_an_experiments_variations_are_compared_by_the_delta_method(recent):
    check(recent.records("SELECT * FROM experiment_users"), audiences.EXPERIMENT.views["experiment_users"])
    control, other = recent.records("SELECT * FROM experiment ORDER BY variation")

    check([control, other], audiences.EXPERIMENT.views["experiment"])
    assert (control["is_control"], control["difference"], control["p"]) == (True, None, None)
    assert other["difference"] == pytest.approx(audiences.EXPERIMENT_DIFFERENCE)
    assert other["z"] == pytest.approx(audiences.EXPERIMENT_Z, abs=1e-4)
    # 2 * (1 - normal_cdf(0.7217)); 0.04 less and plus 1.96 standard errors of 0.055426.
    assert other["p"] == pytest.approx(0.470, abs=5e-4)
    assert (other["low"], other["high"]) == pytest.approx((-0.068634, 0.148634), abs=1e-5)
    assert (other["srm_chi2"], other["srm_p"], other["excluded"], other["days"]) == (0.0, 1.0, 0, 1)


def test_a_statement_compares_the_same_users_in_a_period_of_the_past(curated):
    records = curated.records("EXECUTE experiment_of USING '2026-06-20', '2026-06-20'")

    check(records, audiences.EXPERIMENT.views["experiment"])
    assert [row["is_control"] for row in records] == [True, False]


def test_rates_of_items_and_of_lists_differ(curated):
    day = lists.CTR.views["ctr"][0]["event_date"]

    [row] = curated.records(f"SELECT * FROM list_ctr WHERE event_date = '{day}'")

    assert (row["lists"], row["clicked_lists"], row["list_ctr"]) == (2, 1, lists.CTR_OF_LISTS)
    assert (row["exposures"], row["clicked"], row["item_ctr"]) == (6, 1, pytest.approx(lists.CTR_OF_ITEMS))


def test_value_that_was_only_seen_is_apart_from_what_is_attributed(curated):
    records = curated.records(
        "SELECT * FROM recommendation_value WHERE event_date BETWEEN '2026-05-01' AND '2026-05-09' "
        "AND event_type = 'Purchase'"
    )

    attributed = sum(row["value"] or 0 for row in records if row["attributed_by"] in {"explicit", "click"})
    seen = [(row["seen_model"], row["value"]) for row in records if row["is_seen"]]
    assert (attributed, seen) == (lists.ATTRIBUTED_VALUE, [("att-m2", lists.SEEN_VALUE)])
    assert sum(row["value"] or 0 for row in records) == lists.ALL_VALUE
    first = next(row for row in records if row["value"] == 30.0 and row["attributed_by"] == "click")
    # One of the day's two purchases, 30 of 50, six hours after the click.
    assert (first["conversions_share"], first["value_share"], first["median_hours"]) == (0.5, 0.6, 6.0)
