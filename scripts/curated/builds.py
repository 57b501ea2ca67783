"""Writes the rows of a run into the table of builds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scripts.curated.tables import schema_of

if TYPE_CHECKING:
    from scripts.curated.options import CurateOptions
    from scripts.curated.tables import Tables


RUN_DATE = "run_date"


def write_builds(tables: Tables, options: CurateOptions, rows: list[dict[str, Any]]) -> None:
    """Write a run's rows as one file of the day on which it ended, and delete those of an earlier run of its name."""
    ended = datetime.now(UTC)
    run: dict[str, Any] = {
        "run_id": options.run_id,
        "window_from": options.window.start,
        "window_to": options.window.end,
        "built_at": ended,
        RUN_DATE: f"{ended:%Y-%m-%d}",
    }
    target = f"builds/{RUN_DATE}={run[RUN_DATE]}"
    name = f"build-{options.run_id}.parquet"
    if rows:
        part = _write(tables, [{**run, **row} for row in rows])
        tables.files.move(part, f"{target}/{name}")
    for folder in tables.files.names("builds"):
        if f"builds/{folder}" != target or not rows:
            tables.files.delete(f"builds/{folder}/{name}")
    tables.files.delete(tables.staging)


def _write(tables: Tables, rows: list[dict[str, Any]]) -> str:
    """Write rows as one staged file, and return its path."""
    schema = schema_of("builds")
    table = tables.spark.createDataFrame([tuple(row[name] for name in schema.names) for row in rows], schema)
    written = f"{tables.staging}/builds"
    writer = table.drop(RUN_DATE).coalesce(1).write.mode("overwrite").option("compression", "zstd")
    writer.parquet(f"{tables.folder}{written}")
    (part,) = tables.files.data_files(written)
    return f"{written}/{part}"
