"""The scenarios through the reference, which Spark's tables are compared with."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from backend.contract.curated import TABLES
from tests.factories.analytics import reference
from tests.factories.analytics.comparison import COLUMNS, count_rows, read_curated, rows_of
from tests.factories.analytics.lake import write_scenarios
from tests.factories.analytics.scenarios import SCENARIOS


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    lake = tmp_path_factory.mktemp("lake")
    write_scenarios(lake, SCENARIOS)
    return reference.build(lake)


@pytest.fixture(scope="module")
def rows(tables):
    return {name: table.to_pylist() for name, table in tables.items()}


def test_scenarios_share_no_day():
    days = [day for scenario in SCENARIOS for day in scenario.days]

    assert len(days) == len(set(days))


@pytest.mark.parametrize(
    ("scenario", "name"),
    [pytest.param(scenario, name, id=f"{name}: {scenario.name}") for scenario in SCENARIOS for name in scenario.tables],
)
def test_the_rows_of_a_scenario_are_those_expected(scenario, name, rows):
    expected = scenario.tables[name]
    columns = list(expected[0])

    assert count_rows(rows_of(scenario, name, rows[name]), columns) == count_rows(expected, columns)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_two_rows_share_a_key(table, rows):
    keys = count_rows(rows[table.name], table.key)

    assert len(keys) == keys.total() > 0


def test_every_row_of_the_lake_is_accounted_for(rows):
    counted = [row for row in rows["builds"] if row["table_name"] == "clean_events"]

    assert sum(row["rows_in"] for row in counted) == sum(len(scenario.events) for scenario in SCENARIOS)
    assert all(row["rows_in"] == row["duplicates"] + row["refused"] + row["rows_out"] for row in counted)
    days = {row["event_date"]: (row["duplicates"], row["conflicts"], row["late"]) for row in counted}
    assert days["2026-01-10"] == (1, 0, 0)
    assert days["2026-01-20"] == (3, 3, 0)
    assert days["2026-03-01"] == (1, 0, 1)


def test_revenue_is_of_the_reporting_currency_or_of_none(tmp_path):
    (money,) = (scenario for scenario in SCENARIOS if "mon-1" in {row["event_id"] for row in scenario.events})
    write_scenarios(tmp_path, [money])

    built = {currency: reference.build(tmp_path, currency) for currency in ("EUR", "SEK")}

    revenue = {currency: tables["visits"].column("revenue").to_pylist() for currency, tables in built.items()}
    assert revenue == {"EUR": [32.5], "SEK": [0.0]}


def test_written_tables_have_a_folder_for_each_day(tables, rows, tmp_path):
    reference.write(tables, tmp_path)

    for name, expected in rows.items():
        columns = [*COLUMNS[name], *({"event_date", "run_date"} & set(expected[0]) - set(COLUMNS[name]))]
        assert count_rows(read_curated(tmp_path, name), columns) == count_rows(expected, columns)
    assert not any("event_date" in pq.read_schema(path).names for path in (tmp_path / "clean_events").rglob("*.*"))
