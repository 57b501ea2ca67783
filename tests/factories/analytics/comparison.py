"""Compares rows of curated tables: times in UTC without their zone, and numbers to a millionth."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from math import isnan
from typing import TYPE_CHECKING, Any

import pyarrow.dataset as ds

from backend.contract.curated import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from tests.factories.analytics.scenario import Fields, Scenario

COLUMNS = {table.name: [column.name for column in table.columns] for table in TABLES}


def read_curated(folder: Path, name: str) -> list[Fields]:
    """Read a curated table that Spark wrote; the partition's value is text."""
    if not any((folder / name).rglob("*.parquet")):
        return []
    table: pa.Table = ds.dataset(
        folder / name, format="parquet", partitioning=ds.HivePartitioning.discover(infer_dictionary=False)
    ).to_table()
    return [{key: _text_of_day(key, value) for key, value in row.items()} for row in table.to_pylist()]


def count_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Counter[tuple[Any, ...]]:
    """Count equal rows in some columns."""
    return Counter(tuple(_plain(row[name]) for name in columns) for row in rows)


def rows_of(scenario: Scenario, name: str, rows: Iterable[Fields]) -> list[Fields]:
    """Return a table's rows that belong to a scenario: those of its days, or the versions of its items and users."""
    if name in {"item_versions", "user_versions"}:
        records = scenario.items if name == "item_versions" else scenario.users
        key = "item_id" if name == "item_versions" else "user_id"
        ids = {record[key] for record in records}
        return [row for row in rows if row[key] in ids]
    return [row for row in rows if row["event_date"] in scenario.days]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, float):
        return "NaN" if isnan(value) else round(value, 6)
    return tuple(value) if isinstance(value, list) else value


def _text_of_day(key: str, value: Any) -> Any:
    return str(value) if key in {"event_date", "run_date"} and value is not None else value
