"""Spark's tables equal those of the reference, which DuckDB builds from the same raw lake."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from backend.contract.curated import TABLES
from scripts.arguments import Window
from scripts.curated.build import curate
from scripts.curated.options import CurateOptions
from tests.factories.analytics import reference
from tests.factories.analytics.comparison import count_rows, read_curated
from tests.factories.analytics.generated_lake import generate_lake
from tests.factories.analytics.lake import write_arrivals, write_served
from tests.factories.analytics.scenarios import SCENARIOS
from tests.factories.data_sets.lakes import write_lines
from tests.factories.data_sets.shared_data import FOLDER, shared

if TYPE_CHECKING:
    from pathlib import Path

    from tests.factories.analytics.scenario import Fields


NAMES = [table.name for table in TABLES if table.name != "builds"]
CURRENCY = "EUR"
YOOCHOOSE = "yoochoose-100k"
SESSIONS = 1_000

pytestmark = pytest.mark.timeout(900)  # The first test waits for a run of the job, of about 40 Spark jobs.


@pytest.fixture(scope="module")
def tables(spark, tmp_path_factory):
    """Build one lake by Spark, and by the reference; return the rows of both by table."""
    folder = tmp_path_factory.mktemp("lake")
    _write_lake(folder / "raw")
    options = CurateOptions(
        "test", f"{folder}/raw/", f"{folder}/curated/", "run", Window(None, None), currency=CURRENCY
    )
    curate(spark, options)
    expected = reference.build(folder / "raw", CURRENCY)
    return {name: (read_curated(folder / "curated", name), expected[name].to_pylist()) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_the_table_equals_that_of_the_reference(name, tables):
    rows, expected = tables[name]
    columns = list(expected[0]) if expected else []

    assert count_rows(rows, columns) == count_rows(expected, columns)


def test_the_clicks_of_a_real_shop_are_among_the_events(tables):
    shared(YOOCHOOSE)
    events, _ = tables["clean_events"]

    assert len({row["session_id"] for row in events if row["event_date"] < "2015"}) == SESSIONS


def _write_lake(lake: Path) -> None:
    """Write all scenarios, the generated shop, and clicks of a real shop: each has days, users and items of its own."""
    generated = generate_lake()
    scenarios = [scenario.events for scenario in SCENARIOS]
    clicks = _read_clicks() if (FOLDER / YOOCHOOSE).is_dir() else []
    write_arrivals(lake, [row for events in (*scenarios, generated.events, clicks) for row in events])
    write_served(lake, [*(row for scenario in SCENARIOS for row in scenario.served), *generated.served])
    for kind in ("items", "users"):
        records = [row for scenario in SCENARIOS for row in getattr(scenario, kind)]
        write_lines(lake, kind, "request-1", *records, *getattr(generated, kind))


def _read_clicks() -> list[Fields]:
    """Return clicks of a real shop as views, each received two seconds later and every hundredth once more."""
    with (FOLDER / YOOCHOOSE / "yoochoose-clicks-100k_train_full.txt").open(encoding="utf-8") as file:
        clicks = list(csv.DictReader(file, delimiter="\t"))
    sessions = set(list(dict.fromkeys(row["SessionId"] for row in clicks))[:SESSIONS])
    views = [_view(number, row) for number, row in enumerate(clicks) if row["SessionId"] in sessions]
    return [*views, *({**row, "received_at": row["received_at"] + timedelta(days=1)} for row in views[::100])]


def _view(number: int, row: dict[str, str]) -> Fields:
    moment = datetime.fromtimestamp(float(row["Time"]), UTC)
    return {
        "event_id": f"click-{number:06}",
        "session_id": row["SessionId"],
        "item_id": row["ItemId"],
        "timestamp": moment,
        "event_type": "View",
        "consent": "granted",
        "received_at": moment + timedelta(seconds=2),
    }
