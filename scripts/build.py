"""Builds the data sets: reads a window of the lake, transforms it, counts rows and writes the results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel
from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts import lake, output
from scripts.training_profile import measure_profile
from scripts.transforms import entities
from scripts.transforms.events import (
    add_drop_reason,
    add_event_hash,
    deduplicate,
    find_repeated_hashes,
    keep_first_copies,
    summarize,
    to_interactions,
)
from scripts.transforms.identity import find_event_users, find_session_users, resolve_users

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from scripts.arguments import Options

# Parquet input per task: large enough to outweigh the task's overhead, small enough to sort in memory.
BYTES_PER_PARTITION = 32 * 1024 * 1024
# A million ids of the maximum length, 256 characters, are far below Spark's broadcast limit of 8 GB.
BROADCAST_ROWS = 1_000_000


class NoEventsError(RuntimeError):
    """The lake has no event in the window."""


@dataclass(frozen=True)
class Counts:
    """Numbers of rows by outcome: `read` is the sum of `repeated`, `written` and all of `dropped`."""

    read: int
    repeated: int
    dropped: dict[str, int]
    written: int


def build_datasets(spark: SparkSession, options: Options) -> dict[str, Any]:
    """Build the three data sets of a run and return its manifest; `NoEventsError` where the window has no events.

    The same window of the same lake gives the same files except for their names. Files of an earlier attempt at the
    same run are replaced.
    """
    output.clear(spark, options.target)
    _set_shuffle_partitions(spark, options.lake)
    events = _read_distinct_events(spark, options)
    summary = summarize(events).persist(StorageLevel.MEMORY_AND_DISK)
    counts = _count_outcomes(summary)
    if not counts.read:
        raise NoEventsError(
            f"{options.lake}events/ holds no event that arrived within {options.window.as_dict()}; "
            "post events, wait for Firehose to deliver them, or widen --from and --to"
        )
    interactions = _resolve_users(events)
    output.write_csv(to_interactions(interactions), f"{options.target}interactions/")
    kept = summary.where(F.col("dropped").isNull())
    latest_event = kept.agg(F.max("last_seen")).first()
    versions = _read_latest_versions(spark, options, "items", lake.ITEMS)
    item_counts = _count_outcomes(versions)
    items = entities.to_items(
        versions.where(F.col("dropped").isNull()),
        kept.select("item_id", "first_seen"),
        latest_event[0] if latest_event and latest_event[0] else 0,
    )
    output.write_csv(items, f"{options.target}items/")
    versions = _read_latest_versions(spark, options, "users", lake.USERS)
    user_counts = _count_outcomes(versions)
    output.write_csv(entities.to_users(versions.where(F.col("dropped").isNull())), f"{options.target}users/")
    profile = measure_profile(interactions, kept)
    manifest = {**_manifest(options, counts, item_counts, user_counts), "profile": profile}
    output.write_manifest(spark, manifest, options.target)
    spark.catalog.clearCache()
    return manifest


def _set_shuffle_partitions(spark: SparkSession, folder: str) -> None:
    """Set the number of shuffle partitions by the input's size alone, so that the same input gives the same files."""
    partitions = lake.size_bytes(spark, f"{folder}events/") // BYTES_PER_PARTITION
    partitions = max(spark.sparkContext.defaultParallelism, partitions)
    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    spark.conf.set("spark.sql.adaptive.coalescePartitions.enabled", "false")


def _read_distinct_events(spark: SparkSession, options: Options) -> DataFrame:
    events = add_event_hash(lake.read_events(spark, options.lake, options.window))
    repeated_hashes = _broadcast_if_small(find_repeated_hashes(events))
    first_copies = keep_first_copies(events, repeated_hashes).persist(StorageLevel.MEMORY_AND_DISK)
    distinct = deduplicate(events, repeated_hashes, first_copies)
    return add_drop_reason(distinct, options.interaction_types)


def _resolve_users(events: DataFrame) -> DataFrame:
    """Return the events that are interactions, with `user`; only sessions of several users are read once more."""
    session_users = find_session_users(events).persist(StorageLevel.MEMORY_AND_DISK)
    counts = session_users.agg(F.count("*"), F.count("session_user")).first()
    sessions, of_one_user = counts if counts is not None else (0, 0)
    if sessions <= BROADCAST_ROWS:
        session_users = F.broadcast(session_users)
    event_users = None
    if of_one_user < sessions:
        event_users = _broadcast_if_small(find_event_users(events, session_users))
    return resolve_users(events.where(F.col("dropped").isNull()), session_users, event_users)


def _broadcast_if_small(table: DataFrame) -> DataFrame:
    """Compute a table that is usually small; where it is, mark it for broadcast joins, which avoid a shuffle."""
    table = table.persist(StorageLevel.MEMORY_AND_DISK)
    return F.broadcast(table) if table.count() <= BROADCAST_ROWS else table


def _read_latest_versions(spark: SparkSession, options: Options, kind: str, schema: StructType) -> DataFrame:
    id_column = schema.names[0]
    records = lake.read_records(spark, f"{options.lake}{kind}/", schema, options.window)
    usable = entities.add_drop_reason(records, id_column)
    return entities.keep_latest(usable, id_column).persist(StorageLevel.MEMORY_AND_DISK)


def _count_outcomes(rows: DataFrame) -> Counts:
    """Count rows by drop reason; only one row of sums per reason is collected on the driver."""
    sums = rows.groupBy("dropped").agg(F.sum("events").alias("events"), F.sum("copies").alias("copies"))
    by_reason = {row["dropped"]: row for row in sums.collect()}
    return Counts(
        read=sum(row["copies"] for row in by_reason.values()),
        repeated=sum(row["copies"] - row["events"] for row in by_reason.values()),
        dropped={reason: row["events"] for reason, row in sorted(by_reason.items(), key=str) if reason},
        written=by_reason[None]["events"] if None in by_reason else 0,
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
