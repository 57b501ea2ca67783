"""Measures a profile of a run's data sets, with which a later run detects drift.

The workflow's judge compares the `recent` part of one profile with the `trained` part of an earlier one
(`backend/judge/drift.py`). The profile is part of the manifest, which passes through a state machine with a limit of
256 KiB: ids are hashed and shortened, lists are truncated, and no user is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F  # noqa: N812 - the usual alias

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, Row

RECENT_DAYS = 7
RECENT_SHARE = 0.1
"""The recent window is a week, or a tenth of a history that is shorter than ten weeks."""

TRAINED_ITEMS, RECENT_ITEMS = 50, 200
FIRST_SEEN_DAYS = 180
SAMPLED_INTERACTIONS = 500_000
"""First-seen days of users are measured on a sample of users with about this many interactions."""

ID_DIGITS = 12


@dataclass(frozen=True)
class Span:
    """Interactions by type, and the times between which they lie, in epoch seconds; 0 where there are none."""

    event_types: dict[str, int]
    oldest: int
    latest: int

    @property
    def interactions(self) -> int:
        """Number of interactions."""
        return sum(self.event_types.values())

    @property
    def recent_start(self) -> int:
        """Start of the recent window, in epoch seconds."""
        return self.latest - min(RECENT_DAYS * 86_400, round((self.latest - self.oldest) * RECENT_SHARE))


def measure_span(outcomes: list[Row]) -> Span:
    """Measure the interactions from the rows of `count_outcomes`."""
    kept = sorted((row for row in outcomes if row["dropped"] is None), key=lambda row: str(row["event_type"]))
    return Span(
        event_types={row["event_type"]: row["events"] for row in kept},
        oldest=min((row["first_seen"] for row in kept), default=0),
        latest=max((row["last_seen"] for row in kept), default=0),
    )


def measure_items(interactions: DataFrame, span: Span) -> DataFrame:
    """Return a row per item with `events`, `recent` (events in the recent window) and `first_seen` in epoch seconds."""
    seconds = F.unix_seconds("timestamp")
    return interactions.groupBy("item_id").agg(
        F.count("*").alias("events"),
        F.sum((seconds >= span.recent_start).cast("long")).alias("recent"),
        F.min(seconds).alias("first_seen"),
    )


def measure_profile(span: Span, interactions: DataFrame, items: DataFrame, users: DataFrame) -> dict[str, Any]:
    """Measure the training data and its recent part.

    Parameters
    ----------
    interactions
        Interactions with `event_type` and `timestamp`.
    items
        From `measure_items`.
    users
        `user` and `timestamp` of each interaction.

    Returns
    -------
    dict
        `trained` (since, until, interactions, users_with_two, event_types, items) of all events, and `recent` (since,
        until, interactions, event_types, items; items_first_seen and users_first_seen: interactions by the day on
        which their item or user was first seen, of items_counted and users_counted) of the recent window. Times are
        RFC 3339, items are hashes, all other values are counts.
    """
    if not span.interactions:
        return _empty()
    is_recent = F.unix_seconds("timestamp") >= span.recent_start
    recent_types = _by_type(interactions.where(is_recent))
    recent_interactions = sum(recent_types.values())
    recent_items = items.where("recent > 0")
    earliest = str((datetime.fromtimestamp(span.latest, UTC) - timedelta(days=FIRST_SEEN_DAYS)).date())
    days = _users(users, is_recent, max(1, span.interactions // SAMPLED_INTERACTIONS))
    return {
        "trained": {
            "since": _to_rfc3339(span.oldest),
            "until": _to_rfc3339(span.latest),
            "interactions": span.interactions,
            "users_with_two": sum(row["users_with_two"] for row in days),
            "event_types": span.event_types,
            "items": _most_frequent(items, "events", TRAINED_ITEMS),
        },
        "recent": {
            "since": _to_rfc3339(span.recent_start),
            "until": _to_rfc3339(span.latest),
            "interactions": recent_interactions,
            "event_types": recent_types,
            "items": _most_frequent(recent_items, "recent", RECENT_ITEMS),
            "items_first_seen": _first_seen(recent_items, earliest),
            "items_counted": recent_interactions,
            "users_first_seen": {row["day"]: row["recent"] for row in days if row["recent"] and row["day"] > earliest},
            "users_counted": sum(row["recent"] for row in days),
        },
    }


def _users(events: DataFrame, is_recent: Column, one_in: int) -> list[Any]:
    """Return per first-seen day of users the number of users with at least two events, and of their recent events."""
    sampled = events.where(F.pmod(F.xxhash64("user"), F.lit(one_in)) == 0) if one_in > 1 else events
    each = sampled.groupBy("user").agg(
        F.min("timestamp").alias("first"), F.count("*").alias("events"), F.sum(is_recent.cast("long")).alias("recent")
    )
    by_day = each.groupBy(F.to_date("first").cast("string").alias("day")).agg(
        (F.sum((F.col("events") > 1).cast("long")) * one_in).alias("users_with_two"), F.sum("recent").alias("recent")
    )
    return sorted(by_day.collect(), key=lambda row: str(row["day"]))


def _by_type(interactions: DataFrame) -> dict[str, int]:
    rows = interactions.groupBy("event_type").agg(F.count("*").alias("events")).collect()
    return {row["event_type"]: row["events"] for row in sorted(rows, key=lambda row: str(row["event_type"]))}


def _most_frequent(items: DataFrame, events: str, count: int) -> dict[str, int]:
    rows = items.orderBy(F.desc(events), "item_id").limit(count).select(_short("item_id"), events).collect()
    return {row[0]: row[1] for row in rows}


def _first_seen(recent: DataFrame, earliest: str) -> dict[str, int]:
    day = F.to_date(F.timestamp_seconds("first_seen")).cast("string")
    rows = recent.groupBy(day.alias("day")).agg(F.sum("recent").alias("events")).where(F.col("day") > earliest)
    return {row["day"]: row["events"] for row in sorted(rows.collect(), key=lambda row: str(row["day"]))}


def _short(item: str) -> Column:
    return F.substring(F.sha2(F.col(item), 256), 1, ID_DIGITS)


def _to_rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _empty() -> dict[str, Any]:
    window = {"since": "", "until": "", "interactions": 0, "event_types": {}, "items": {}}
    first_seen = {"items_first_seen": {}, "items_counted": 0, "users_first_seen": {}, "users_counted": 0}
    return {"trained": {**window, "users_with_two": 0}, "recent": {**window, **first_seen}}
