"""Arrivals: the rows of the raw lake by hour, so that what arrived is known without reading it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts.curated.tables import DAY

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row

    from scripts.curated.tables import Tables

ORDER = ("arrived_at",)


def to_arrivals(tables: Tables, counted: list[Row], days: set[str]) -> DataFrame:
    """Return the rows of some days: those of the hours that a run has counted, and the published ones of others."""
    values = [(row["hour"], row["rows_in"], row["refused"], row[DAY]) for row in counted if row[DAY] in days]
    counts = tables.spark.createDataFrame(values, f"hour long, rows_in long, refused long, {DAY} string")
    new = counts.select(F.timestamp_seconds("hour").alias("arrived_at"), "rows_in", "refused", DAY)
    kept = tables.published("arrivals", days).join(F.broadcast(new), [*ORDER, DAY], "left_anti")
    return new.unionByName(kept)
