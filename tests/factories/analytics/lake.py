"""Writes scenarios as a raw lake, in the layout of Firehose and collect."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from tests.factories.data_sets.lakes import write_events, write_lines

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.factories.analytics.scenario import Fields, Scenario

SERVED_LISTS = pa.schema(
    [
        ("served_id", pa.string()),
        ("served_at", pa.timestamp("ns")),
        ("route", pa.string()),
        ("source", pa.string()),
        ("items", pa.list_(pa.string())),
        ("recommendation_id", pa.string()),
        ("model", pa.string()),
        ("version", pa.string()),
        ("user_id", pa.string()),
        ("session_id", pa.string()),
        ("item_id", pa.string()),
        ("filter", pa.string()),
        ("schema_version", pa.string()),
    ]
)


def write_scenarios(lake: Path, scenarios: Iterable[Scenario]) -> None:
    """Write the rows of scenarios into one raw lake."""
    scenarios = list(scenarios)
    write_arrivals(lake, [row for scenario in scenarios for row in scenario.events])
    write_served(lake, [row for scenario in scenarios for row in scenario.served])
    for number, scenario in enumerate(scenarios):
        for kind, records in (("items", scenario.items), ("users", scenario.users)):
            if records:
                write_lines(lake, kind, f"scenario-{number:02}", *records)


def write_arrivals(lake: Path, events: Iterable[Fields]) -> None:
    """Write events as a file for each day of arrival, in the order in which they are given."""
    days: defaultdict[str, list[Fields]] = defaultdict(list)
    for row in events:
        days[f"{row['received_at']:%Y-%m-%d}"].append(row)
    write_events(lake, *days.values())


def write_served(lake: Path, rows: Iterable[Fields]) -> None:
    """Write served lists as a file for each day."""
    days: defaultdict[str, list[Fields]] = defaultdict(list)
    for row in rows:
        days[f"{row['served_at']:%Y-%m-%d}"].append({**row, "served_at": row["served_at"].replace(tzinfo=None)})
    for day, served in days.items():
        folder = lake / f"served_lists/ingest_date={day}"
        folder.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist(served, schema=SERVED_LISTS)
        pq.write_table(table, folder / "part-0.parquet", use_deprecated_int96_timestamps=True)
