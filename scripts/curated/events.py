"""Reads new events from the raw lake, and merges them with those that the clean events have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the usual alias
from pyspark.sql import types as T  # noqa: N812

from scripts import lake
from scripts.curated.tables import DAY, schema_of
from scripts.transforms.events import add_event_hash

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row, SparkSession

    from scripts.arguments import Window as ArrivalWindow

# A million hashes or ids are far below Spark's broadcast limit of 8 GB.
BROADCAST_ROWS = 1_000_000

_CLEAN = schema_of("clean_events")
_DERIVED = {"user_key", "user_key_from", "visit", "visit_index", "event_rank", "value", "late_seconds", "is_bot"}
RAW_COLUMNS = [name for name in _CLEAN.names if name not in {*_DERIVED, DAY}]
"""The columns that a clean event has of its raw row."""

CONTENT = [name for name in RAW_COLUMNS if name not in {"event_id", "received_at"}]
"""The columns in whose order copies that arrived at the same time are compared."""

_RAW = T.StructType([*(_CLEAN[name] for name in RAW_COLUMNS), T.StructField("consent", T.StringType())])


def read_raw(spark: SparkSession, folder: str, window: ArrivalWindow) -> DataFrame:
    """Read the rows of the raw lake that arrived within a window, with `event_date` and `is_refused`."""
    rows = lake.read_events(spark, folder, window, _RAW)
    is_named = F.col("event_id").isNotNull() & F.col("timestamp").isNotNull() & F.col("event_type").isNotNull()
    is_someones = F.col("user_id").isNotNull() | F.col("session_id").isNotNull()
    is_denied = F.coalesce(F.col("consent") == "denied", F.lit(False))
    rows = rows.withColumn(DAY, F.date_format("timestamp", "yyyy-MM-dd"))
    return rows.withColumn("is_refused", ~(is_named & is_someones) | is_denied).drop("consent")


def count_raw(rows: DataFrame) -> list[Row]:
    """Return `rows_in` and `refused` by event day, None for rows without a time, and by hour, as epoch seconds."""
    refused = F.sum(F.col("is_refused").cast("long")).alias("refused")
    hour = F.unix_seconds(F.date_trunc("hour", "received_at")).alias("hour")
    return rows.groupBy(DAY, hour).agg(F.count("*").alias("rows_in"), refused).collect()


def split_copies(known: DataFrame, new: DataFrame) -> tuple[DataFrame, DataFrame | None]:
    """Divide known and new events into those whose id occurs once, and the copies of the others.

    Few events are repeated, and finding them shuffles eight bytes per event, so that most rows are not shuffled.

    Returns
    -------
    tuple
        Events with `is_new`; and copies, by id in order of preference, with `copy`, 1 for the one that is kept, and
        `is_conflict` where its content differs from that of the kept; None without any.
    """
    events = known.select(*RAW_COLUMNS, DAY, F.lit(False).alias("is_new")).unionByName(
        new.select(*RAW_COLUMNS, DAY, F.lit(True).alias("is_new"))
    )
    events = add_event_hash(events)
    repeated = events.groupBy("event_hash").count().where("count > 1").select("event_hash")
    repeated = repeated.persist(StorageLevel.MEMORY_AND_DISK)
    count = repeated.count()
    if not count:
        return events.drop("event_hash"), None
    if count <= BROADCAST_ROWS:
        repeated = F.broadcast(repeated)
    unique = events.join(repeated, "event_hash", "left_anti")
    copies = events.join(repeated, "event_hash", "left_semi")
    content = F.xxhash64(*CONTENT, *(F.col(name).isNull() for name in CONTENT))
    by_id = Window.partitionBy("event_id")
    # Of two equal copies the new one first, so that a window that runs again counts its own row as kept.
    preferred = by_id.orderBy("received_at", F.struct(*CONTENT), F.col("is_new").desc())
    kept = F.first("content").over(preferred.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing))
    copies = copies.withColumn("content", content).withColumn("copy", F.row_number().over(preferred))
    copies = copies.withColumn("is_conflict", F.col("content") != kept).drop("content")
    return unique.drop("event_hash"), copies.drop("event_hash").persist(StorageLevel.MEMORY_AND_DISK)


def count_copies(copies: DataFrame, window: ArrivalWindow) -> dict[str, dict[str, int]]:
    """Count by day, of the copies that are not kept, `duplicates` and `conflicts` among new rows.

    `superseded` and `superseded_conflicts` count those among the known rows that arrived within the window.
    """
    lost = copies.where("copy > 1")
    sums = {
        "duplicates": F.col("is_new"),
        "conflicts": F.col("is_new") & F.col("is_conflict"),
        "superseded": ~F.col("is_new") & lake.is_within("received_at", window),
        "superseded_conflicts": ~F.col("is_new") & F.col("is_conflict") & lake.is_within("received_at", window),
    }
    found = lost.groupBy(DAY).agg(*(F.sum(value.cast("long")).alias(name) for name, value in sums.items())).collect()
    return {row[DAY]: {name: row[name] for name in sums} for row in found}


def broadcast_if_small(table: DataFrame) -> DataFrame:
    """Compute a table that is usually small; where it is, mark it for broadcast joins, which avoid a shuffle."""
    table = table.persist(StorageLevel.MEMORY_AND_DISK)
    return F.broadcast(table) if table.count() <= BROADCAST_ROWS else table
