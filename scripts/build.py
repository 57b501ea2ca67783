"""Builds the data sets: reads a window of the lake, transforms it, counts rows and writes the results."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel
from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts import lake, output
from scripts.popular_by_fact import rank_by_fact
from scripts.training_profile import measure_items, measure_profile, measure_span
from scripts.transforms import entities
from scripts.transforms.events import (
    add_drop_reason,
    add_event_hash,
    count_outcomes,
    deduplicate,
    find_repeated_hashes,
    keep_first_copies,
    to_interactions,
)
from scripts.transforms.identity import find_event_users, find_interaction_users, find_session_users, resolve_users

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row, SparkSession
    from pyspark.sql.types import StructType

    from scripts.arguments import Options

# Parquet input per task: large enough to outweigh the task's overhead, small enough to sort in memory.
BYTES_PER_PARTITION = 32 * 1024 * 1024
# A million ids of the maximum length, 256 characters, are far below Spark's broadcast limit of 8 GB.
BROADCAST_ROWS = 1_000_000
# What is counted and grouped is read once from the lake and kept; other columns are only written, and read for that.
_NARROW = ("dropped", "event_type", "item_id", "user_id", "session_id", "timestamp")


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
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    output.clear(spark, options.target)
    _set_shuffle_partitions(spark, options.lake)
    events, repeated = _read_distinct_events(spark, options)
    narrow = events.select(*_NARROW).persist(StorageLevel.MEMORY_AND_DISK)
    outcomes = count_outcomes(narrow).collect()
    counts = _count_events(outcomes, repeated)
    if not counts.read:
        raise NoEventsError(
            f"{options.lake}events/ holds no event that arrived within {options.window.as_dict()}; "
            "post events, wait for Firehose to deliver them, or widen --from and --to"
        )
    users = _find_users(events, narrow)
    interactions = resolve_users(events.where("dropped IS NULL"), *users)
    output.write_csv(to_interactions(interactions), f"{options.target}interactions/")
    span = measure_span(outcomes)
    seen = measure_items(narrow.where("dropped IS NULL"), span).persist(StorageLevel.MEMORY_AND_DISK)
    versions = _read_latest_versions(spark, options, "items", lake.ITEMS)
    item_counts = _count_outcomes(versions)
    usable = versions.where(F.col("dropped").isNull())
    items = entities.to_items(usable, seen.select("item_id", "first_seen"), span.latest)
    output.write_csv(items, f"{options.target}items/")
    versions = _read_latest_versions(spark, options, "users", lake.USERS)
    user_counts = _count_outcomes(versions)
    usable = versions.where(F.col("dropped").isNull())
    output.write_csv(entities.to_users(usable), f"{options.target}users/")
    # The narrow rows have no ids, by which events in sessions of several users are given to their users.
    read_once = interactions if users[1] is not None else resolve_users(narrow.where("dropped IS NULL"), *users)
    lists = {"run_id": options.run_id, "lists": rank_by_fact(read_once, usable) if user_counts.written else {}}
    output.write_object(spark, json.dumps(lists, ensure_ascii=False), options.popular_by_fact)
    profile = measure_profile(span, narrow.where("dropped IS NULL"), seen, find_interaction_users(narrow, *users))
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


def _read_distinct_events(spark: SparkSession, options: Options) -> tuple[DataFrame, int]:
    """Return each event once, with `dropped`, and the number of further copies."""
    events = add_event_hash(lake.read_events(spark, options.lake, options.window))
    repeated_hashes, hashes = _broadcast_if_small(find_repeated_hashes(events))
    if not hashes:
        return add_drop_reason(events.drop("event_hash"), options.interaction_types), 0
    first_copies = keep_first_copies(events, repeated_hashes).persist(StorageLevel.MEMORY_AND_DISK)
    further = first_copies.agg(F.sum(F.col("copies") - 1)).first()
    distinct = deduplicate(events, repeated_hashes, first_copies)
    return add_drop_reason(distinct, options.interaction_types), further[0] if further else 0


def _find_users(events: DataFrame, narrow: DataFrame) -> tuple[DataFrame | None, DataFrame | None]:
    """Return the users of sessions, and those of events in sessions of several users; None where there are none."""
    session_users = find_session_users(narrow).persist(StorageLevel.MEMORY_AND_DISK)
    counts = session_users.agg(F.count("*"), F.count("session_user")).first()
    sessions, of_one_user = counts if counts is not None else (0, 0)
    if not sessions:
        return None, None
    if sessions <= BROADCAST_ROWS:
        session_users = F.broadcast(session_users)
    if of_one_user == sessions:
        return session_users, None
    # Only the events of these sessions are read once more.
    return session_users, _broadcast_if_small(find_event_users(events, session_users))[0]


def _broadcast_if_small(table: DataFrame) -> tuple[DataFrame, int]:
    """Compute and count a table that is usually small; where it is, mark it for broadcast joins, without a shuffle."""
    table = table.persist(StorageLevel.MEMORY_AND_DISK)
    rows = table.count()
    return F.broadcast(table) if rows <= BROADCAST_ROWS else table, rows


def _read_latest_versions(spark: SparkSession, options: Options, kind: str, schema: StructType) -> DataFrame:
    id_column = schema.names[0]
    records = lake.read_records(spark, f"{options.lake}{kind}/", schema, options.window)
    usable = entities.add_drop_reason(records, id_column)
    return entities.keep_latest(usable, id_column).persist(StorageLevel.MEMORY_AND_DISK)


def _count_events(outcomes: list[Row], repeated: int) -> Counts:
    """Count events by outcome from the rows of `count_outcomes` and the number of further copies."""
    dropped = {row["dropped"]: row["events"] for row in outcomes if row["dropped"] is not None}
    written = sum(row["events"] for row in outcomes if row["dropped"] is None)
    return Counts(
        read=written + sum(dropped.values()) + repeated,
        repeated=repeated,
        dropped=dict(sorted(dropped.items())),
        written=written,
    )


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
