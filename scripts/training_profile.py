"""Measures a profile of a run's data sets, with which a later run detects drift.

The workflow's judge compares the `recent` part of one profile with the `trained` part of an earlier one
(`backend/judge/drift.py`). The profile is part of the manifest, which passes through a state machine with a limit of
256 KiB: ids are hashed and shortened, lists are truncated, and no user is named.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel
from pyspark.sql import functions as F  # noqa: N812 - the usual alias

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

RECENT_DAYS = 7
RECENT_SHARE = 0.1
"""The recent window is a week, or a tenth of a history that is shorter than ten weeks."""

TRAINED_ITEMS, RECENT_ITEMS = 50, 200
FIRST_SEEN_DAYS = 180
SAMPLED_INTERACTIONS = 500_000
"""First-seen days of users are measured on a sample of users with about this many interactions."""

ID_DIGITS = 12


def measure_profile(events: DataFrame, items: DataFrame) -> dict[str, Any]:
    """Measure the training data and its recent part.

    Parameters
    ----------
    events
        Interactions with `user`, `item_id`, `event_type` and `timestamp`.
    items
        A row per item with `events`, and `first_seen` and `last_seen` in epoch seconds.

    Returns
    -------
    dict
        `trained` (since, until, interactions, users_with_two, event_types, items) of all events, and `recent` (since,
        until, interactions, event_types, items; items_first_seen and users_first_seen: interactions by the day on
        which their item or user was first seen, of items_counted and users_counted) of the recent window. Times are
        RFC 3339, items are hashes, all other values are counts.
    """
    span = items.agg(F.min("first_seen"), F.max("last_seen"), F.sum("events")).first()
    if span is None or span[2] is None:
        return _empty()
    oldest, latest, interactions = span
    start = latest - min(RECENT_DAYS * 86_400, round((latest - oldest) * RECENT_SHARE))
    is_recent = F.unix_seconds("timestamp") >= start
    # Only recent events are grouped by item, so that one pass with few groups counts both parts.
    counted = (
        events.groupBy("event_type", F.when(is_recent, F.col("item_id")).alias("item_id"))
        .agg(F.count("*").alias("events"))
        .persist(StorageLevel.MEMORY_AND_DISK)
    )
    recent_items = counted.where("item_id IS NOT NULL").groupBy("item_id").agg(F.sum("events").alias("events"))
    recent_types = _by_type(counted.where("item_id IS NOT NULL"))
    recent_interactions = sum(recent_types.values())
    earliest = str((datetime.fromtimestamp(latest, UTC) - timedelta(days=FIRST_SEEN_DAYS)).date())
    users = _users(events, is_recent, max(1, interactions // SAMPLED_INTERACTIONS))
    return {
        "trained": {
            "since": _to_rfc3339(oldest),
            "until": _to_rfc3339(latest),
            "interactions": interactions,
            "users_with_two": sum(row["users_with_two"] for row in users),
            "event_types": _by_type(counted),
            "items": _most_frequent(items, TRAINED_ITEMS),
        },
        "recent": {
            "since": _to_rfc3339(start),
            "until": _to_rfc3339(latest),
            "interactions": recent_interactions,
            "event_types": recent_types,
            "items": _most_frequent(recent_items, RECENT_ITEMS),
            "items_first_seen": _first_seen(recent_items, items, earliest),
            "items_counted": recent_interactions,
            "users_first_seen": {row["day"]: row["recent"] for row in users if row["recent"] and row["day"] > earliest},
            "users_counted": sum(row["recent"] for row in users),
        },
    }


def _users(events: DataFrame, is_recent: Column, one_in: int) -> list[Any]:
    """Return per first-seen day of users the number of users with at least two events, and of their recent events."""
    sampled = events.where(F.pmod(F.xxhash64("user"), F.lit(one_in)) == 0)
    each = sampled.groupBy("user").agg(
        F.min("timestamp").alias("first"), F.count("*").alias("events"), F.sum(is_recent.cast("long")).alias("recent")
    )
    by_day = each.groupBy(F.to_date("first").cast("string").alias("day")).agg(
        (F.sum((F.col("events") > 1).cast("long")) * one_in).alias("users_with_two"), F.sum("recent").alias("recent")
    )
    return sorted(by_day.collect(), key=lambda row: str(row["day"]))


def _by_type(counted: DataFrame) -> dict[str, int]:
    rows = counted.groupBy("event_type").agg(F.sum("events").alias("events")).collect()
    return {row["event_type"]: row["events"] for row in sorted(rows, key=lambda row: str(row["event_type"]))}


def _most_frequent(items: DataFrame, count: int) -> dict[str, int]:
    rows = items.orderBy(F.desc("events"), "item_id").limit(count).select(_short("item_id"), "events").collect()
    return {row[0]: row[1] for row in rows}


def _first_seen(recent: DataFrame, items: DataFrame, earliest: str) -> dict[str, int]:
    day = F.to_date(F.timestamp_seconds("first_seen")).cast("string")
    dated = recent.join(items.select("item_id", day.alias("day")), "item_id").where(F.col("day") > earliest)
    rows = dated.groupBy("day").agg(F.sum("events").alias("events")).orderBy("day").collect()
    return {row["day"]: row["events"] for row in rows}


def _short(item: str) -> Column:
    return F.substring(F.sha2(F.col(item), 256), 1, ID_DIGITS)


def _to_rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _empty() -> dict[str, Any]:
    window = {"since": "", "until": "", "interactions": 0, "event_types": {}, "items": {}}
    first_seen = {"items_first_seen": {}, "items_counted": 0, "users_first_seen": {}, "users_counted": 0}
    return {"trained": {**window, "users_with_two": 0}, "recent": {**window, **first_seen}}
