"""A profile of what a run's data sets hold, so that a later run can tell how far the world has moved since.

The judge of the workflow compares the `recent` part of one profile with the `trained` part of an earlier one
(`backend/judge/drift.py`). It goes into the manifest, which a state machine carries: 256 KiB at most, so ids are
shortened, lists are cut, and no user is named.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

RECENT_DAYS = 7
RECENT_SHARE = 0.1
"""The newest window is a week, or a tenth of a history that is shorter than ten weeks."""

TRAINED_ITEMS, RECENT_ITEMS = 50, 200
FIRST_SEEN_DAYS = 180
SAMPLED_INTERACTIONS = 500_000
"""People of about so many interactions are looked at; their share with what is new needs no more."""

ID_DIGITS = 12


def profile(events: DataFrame, items: DataFrame) -> dict[str, Any]:
    """Count what a recommender's expectations rest on.

    Parameters
    ----------
    events
        Stitched interactions with `user`, `item_id`, `event_type` and `timestamp`.
    items
        A row per item with `events`, and `first_seen` and `last_seen` in epoch seconds.

    Returns
    -------
    dict
        `trained` (since, until, interactions, users_with_two, event_types, items) of all events, and `recent` (since,
        until, interactions, event_types, items; items_first_seen and users_first_seen: interactions by the day on
        which their item or user was first seen, of items_counted and users_counted) of the newest window. Moments
        are RFC 3339, items are hashes, the rest are counts.
    """
    span = items.agg(F.min("first_seen"), F.max("last_seen"), F.sum("events")).first()
    if span is None or span[2] is None:
        return _empty()
    oldest, newest, interactions = span
    start = newest - min(RECENT_DAYS * 86_400, round((newest - oldest) * RECENT_SHARE))
    is_recent = F.unix_seconds("timestamp") >= start
    # Only what is recent is told apart by item, so one pass with few groups counts both.
    counted = (
        events.groupBy("event_type", F.when(is_recent, F.col("item_id")).alias("item_id"))
        .agg(F.count("*").alias("events"))
        .persist(StorageLevel.MEMORY_AND_DISK)
    )
    recent_items = counted.where("item_id IS NOT NULL").groupBy("item_id").agg(F.sum("events").alias("events"))
    recent_types = _by_type(counted.where("item_id IS NOT NULL"))
    recent_interactions = sum(recent_types.values())
    earliest = str((datetime.fromtimestamp(newest, UTC) - timedelta(days=FIRST_SEEN_DAYS)).date())
    users = _users(events, is_recent, max(1, interactions // SAMPLED_INTERACTIONS))
    return {
        "trained": {
            "since": _moment(oldest),
            "until": _moment(newest),
            "interactions": interactions,
            "users_with_two": sum(row["users_with_two"] for row in users),
            "event_types": _by_type(counted),
            "items": _most(items, TRAINED_ITEMS),
        },
        "recent": {
            "since": _moment(start),
            "until": _moment(newest),
            "interactions": recent_interactions,
            "event_types": recent_types,
            "items": _most(recent_items, RECENT_ITEMS),
            "items_first_seen": _first_seen(recent_items, items, earliest),
            "items_counted": recent_interactions,
            "users_first_seen": {row["day"]: row["recent"] for row in users if row["recent"] and row["day"] > earliest},
            "users_counted": sum(row["recent"] for row in users),
        },
    }


def _users(events: DataFrame, is_recent: Column, one_in: int) -> list[Any]:
    """Return, by the day on which users were first seen, how many have two events or more, and recent events."""
    sampled = events.where(F.pmod(F.xxhash64("person"), F.lit(one_in)) == 0)
    each = sampled.groupBy("person").agg(
        F.min("timestamp").alias("first"), F.count("*").alias("events"), F.sum(is_recent.cast("long")).alias("recent")
    )
    by_day = each.groupBy(F.to_date("first").cast("string").alias("day")).agg(
        (F.sum((F.col("events") > 1).cast("long")) * one_in).alias("users_with_two"), F.sum("recent").alias("recent")
    )
    return sorted(by_day.collect(), key=lambda row: str(row["day"]))


def _by_type(counted: DataFrame) -> dict[str, int]:
    rows = counted.groupBy("event_type").agg(F.sum("events").alias("events")).collect()
    return {row["event_type"]: row["events"] for row in sorted(rows, key=lambda row: str(row["event_type"]))}


def _most(items: DataFrame, count: int) -> dict[str, int]:
    rows = items.orderBy(F.desc("events"), "item_id").limit(count).select(_short("item_id"), "events").collect()
    return {row[0]: row[1] for row in rows}


def _first_seen(recent: DataFrame, items: DataFrame, earliest: str) -> dict[str, int]:
    day = F.to_date(F.timestamp_seconds("first_seen")).cast("string")
    found = recent.join(items.select("item_id", day.alias("day")), "item_id").where(F.col("day") > earliest)
    rows = found.groupBy("day").agg(F.sum("events").alias("events")).orderBy("day").collect()
    return {row["day"]: row["events"] for row in rows}


def _short(item: str) -> Column:
    return F.substring(F.sha2(F.col(item), 256), 1, ID_DIGITS)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _empty() -> dict[str, Any]:
    window = {"since": "", "until": "", "interactions": 0, "event_types": {}, "items": {}}
    nobody = {"items_first_seen": {}, "items_counted": 0, "users_first_seen": {}, "users_counted": 0}
    return {"trained": {**window, "users_with_two": 0}, "recent": {**window, **nobody}}
