"""The job from end to end: read a window of the lake, make the data sets, count, write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it

from scripts import lake, output
from scripts.training_profile import profile
from scripts.transforms import entities
from scripts.transforms.events import (
    deduplicate,
    first_copies,
    interactions,
    judge,
    mark,
    owners,
    stitch,
    summarize,
    suspects,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from scripts.arguments import Options

# Of Parquet per task: large enough to pay for the task, small enough that its sort stays in memory.
BYTES_PER_PART = 32 * 1024 * 1024
# A million ids of 256 characters, the longest there are, are still far below the 8 GB that Spark broadcasts.
BROADCAST_ROWS = 1_000_000


class NoEvents(RuntimeError):  # noqa: N818 - named for what is wrong
    """The lake holds no event in the window, so there is nothing to build from."""


@dataclass(frozen=True)
class Counts:
    """What became of rows of the lake: `read` equals `repeated` and `written` and the sum of `dropped`."""

    read: int
    repeated: int
    dropped: dict[str, int]
    written: int


def build_datasets(spark: SparkSession, options: Options) -> dict[str, Any]:
    """Build the three data sets of a run and return its manifest.

    The same window of the same lake gives the same files, but for their names; what an earlier attempt at the same run
    has left is replaced.

    Raises
    ------
    NoEvents
        There is nothing to build from.
    """
    output.clear(spark, options.target)
    _divide_work(spark, options.lake)
    judged = _judged_events(spark, options)
    summary = summarize(judged).persist(StorageLevel.MEMORY_AND_DISK)
    counts = _count(summary)
    if not counts.read:
        raise NoEvents(
            f"{options.lake}events/ holds no event that came in within {options.window.as_dict()}; "
            "post some, wait for Firehose to deliver them, or widen --from and --to"
        )
    stitched = stitch(judged, _at_hand(owners(judged)))
    output.write_csv(interactions(stitched), f"{options.target}interactions/")
    kept = summary.where(F.col("dropped").isNull())
    newest_event = kept.agg(F.max("last_seen")).first()
    versions = _newest(spark, options, "items", lake.ITEMS)
    item_counts = _count(versions)
    items = entities.items(
        versions.where(F.col("dropped").isNull()),
        kept.select("item_id", "first_seen"),
        newest_event[0] if newest_event and newest_event[0] else 0,
    )
    output.write_csv(items, f"{options.target}items/")
    versions = _newest(spark, options, "users", lake.USERS)
    user_counts = _count(versions)
    output.write_csv(entities.users(versions.where(F.col("dropped").isNull())), f"{options.target}users/")
    manifest = {**_manifest(options, counts, item_counts, user_counts), "profile": profile(stitched, kept)}
    output.write_manifest(spark, manifest, options.target)
    spark.catalog.clearCache()
    return manifest


def _divide_work(spark: SparkSession, folder: str) -> None:
    """Divide shuffles by the size of the input alone, so that the same input gives the same parts."""
    parts = max(spark.sparkContext.defaultParallelism, lake.size_bytes(spark, f"{folder}events/") // BYTES_PER_PART)
    spark.conf.set("spark.sql.shuffle.partitions", str(parts))
    spark.conf.set("spark.sql.adaptive.coalescePartitions.enabled", "false")


def _judged_events(spark: SparkSession, options: Options) -> DataFrame:
    events = mark(lake.read_events(spark, options.lake, options.window))
    marks = _at_hand(suspects(events))
    copies = first_copies(events, marks).persist(StorageLevel.MEMORY_AND_DISK)
    return judge(deduplicate(events, marks, copies))


def _at_hand(small: DataFrame) -> DataFrame:
    """Compute a table that is small as a rule, and where it is, keep joins with it from shuffling the large one."""
    small = small.persist(StorageLevel.MEMORY_AND_DISK)
    return F.broadcast(small) if small.count() <= BROADCAST_ROWS else small


def _newest(spark: SparkSession, options: Options, kind: str, schema: StructType) -> DataFrame:
    identity = schema.names[0]
    records = lake.read_records(spark, f"{options.lake}{kind}/", schema, options.window)
    return entities.newest(entities.usable(records, identity), identity).persist(StorageLevel.MEMORY_AND_DISK)


def _count(rows: DataFrame) -> Counts:
    """Count by why rows are dropped; a handful of sums is all that comes to the driver."""
    sums = rows.groupBy("dropped").agg(F.sum("events").alias("events"), F.sum("copies").alias("copies"))
    found = {row["dropped"]: row for row in sums.collect()}
    return Counts(
        read=sum(row["copies"] for row in found.values()),
        repeated=sum(row["copies"] - row["events"] for row in found.values()),
        dropped={reason: row["events"] for reason, row in sorted(found.items(), key=str) if reason},
        written=found[None]["events"] if None in found else 0,
    )


def _manifest(options: Options, events: Counts, items: Counts, users: Counts) -> dict[str, Any]:
    return {
        "run_id": options.run_id,
        "window": options.window.as_dict(),
        "events_read": events.read,
        "duplicates": events.repeated,
        "distinct": events.read - events.repeated,
        "dropped": events.dropped,
        "written": {"interactions": events.written, "items": items.written, "users": users.written},
        "items": {"read": items.read, "superseded": items.repeated, "dropped": items.dropped},
        "users": {"read": users.read, "superseded": users.repeated, "dropped": users.dropped},
    }
