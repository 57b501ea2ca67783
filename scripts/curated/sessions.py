"""Adds to events their user, their visit and whether they are a bot's.

All is done by windows, which sort and spill, so that neither a session nor a user is too large for a task's memory. A
session that lasts for days, a robot's as a rule, is divided into its parts first, so that each is a task's work alone.
"""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts.curated.context import stream_of
from scripts.curated.events import broadcast_if_small
from scripts.curated.generated import (
    BOT_EVENTS_PER_DAY,
    BOT_EVENTS_PER_MINUTE,
    EVENT_RANKS,
    MAX_AMOUNT,
    MAX_VISIT_HOURS,
    OTHER_RANK,
    VISIT_GAP_MINUTES,
)
from scripts.curated.tables import BUCKET, DAY
from scripts.transforms.identity import identifies, name_session

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

EVENT_ORDER = ("user_key", "timestamp", "event_rank", "event_id")
"""The order of the rows of a day's files."""

BROADCAST_SESSIONS = 100_000
"""Long sessions whose starts, of which each has one a day, are broadcast."""

PART = ("stream", "part")
"""What a window is over: a session, a part of one that lasts for days, or a user's events without a session."""

MINUTE_MS = 60_000
GAP_MS = VISIT_GAP_MINUTES * MINUTE_MS
MAX_VISIT_MS = MAX_VISIT_HOURS * 60 * MINUTE_MS


def add_order(events: DataFrame) -> DataFrame:
    """Add `stream`, the session or the user whose events are ordered together, `ms` and `event_rank`."""
    ranks = F.create_map(*map(F.lit, chain.from_iterable(EVENT_RANKS.items())))
    rank = F.coalesce(F.try_element_at(ranks, F.col("event_type")), F.lit(OTHER_RANK))
    ms = F.unix_millis("timestamp")
    return events.withColumns({"stream": stream_of(), "ms": ms, "event_rank": rank.cast("long")})


def add_parts(events: DataFrame) -> DataFrame:
    """Add `is_long`, `part` and `carried`: whether the session lasts for a day or more, and its parts, from 1.

    `carried` is, in a long session, the user who is logged in when the part begins, or else the session's first.
    """
    found = _find_long_sessions(events)
    if found is None:
        return events.withColumns({"is_long": F.lit(False), "part": F.lit(1), "carried": F.lit(None).cast("string")})
    events = events.join(found, "stream", "left")
    reached = F.size(F.filter("starts", lambda start: start <= F.col("ms")))
    is_long = F.col("starts").isNotNull()
    events = events.withColumns({"is_long": is_long, "part": F.when(is_long, reached).otherwise(1)}).drop("starts")
    login = F.when(_login().isNotNull(), F.struct("timestamp", "event_id", _login().alias("user")))
    parts = events.where("is_long").groupBy(*PART).agg(F.min(login).alias("first"), F.max(login).alias("last"))
    in_order = Window.partitionBy("stream").orderBy("part")
    earlier = in_order.rowsBetween(Window.unboundedPreceding, -1)
    whole = in_order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    latest = F.last("last.user", ignorenulls=True).over(earlier)
    first = F.first("first.user", ignorenulls=True).over(whole)
    carried = parts.select(*PART, F.coalesce(latest, first).alias("carried"))
    return events.join(broadcast_if_small(carried), [*PART], "left")


def add_users(events: DataFrame) -> DataFrame:
    """Add `user_key` and `user_key_from` by the rule of identity, which has an order of its own for equal times."""
    in_order = Window.partitionBy(*PART).orderBy("timestamp", "event_id")
    before = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    whole = in_order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    events = events.withColumn("login", _login())
    latest = F.last("login", ignorenulls=True).over(before)
    first = F.first("login", ignorenulls=True).over(whole)
    events = events.withColumn("login", F.coalesce(latest, "carried", first))
    source = F.when(F.col("user_id").isNotNull(), "user").when(F.col("login").isNotNull(), "login").otherwise("session")
    key = F.coalesce("user_id", "login", name_session())
    return events.withColumns({"user_key": key, "user_key_from": source}).drop("login", "carried")


def add_visits(events: DataFrame) -> DataFrame:
    """Add `visit`, `visit_index`, and `is_fast`, which marks all events of a visit.

    The parts of a session are its visits; without a session, a visit ends where the user pauses.
    """
    in_order = Window.partitionBy(*PART).orderBy("timestamp", "event_rank", "event_id")
    before = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    gap = F.col("ms") - F.lag("ms").over(in_order)
    number = F.row_number().over(in_order)
    of_item = F.when(F.col("item_id").isNotNull(), F.col("ms"))
    # The time of the 120th event with an item before this one: all are within a minute, or no such minute ends here.
    earlier = F.expr(
        f"lag(of_item, {BOT_EVENTS_PER_MINUTE}) IGNORE NULLS "
        f"OVER (PARTITION BY {', '.join(PART)} ORDER BY timestamp, event_rank, event_id)"
    )
    starts_visit = (number == 1) | (F.col("session_id").isNull() & (gap > GAP_MS))
    events = events.withColumns({"of_item": of_item, "number": number, "starts_visit": starts_visit})
    ends_minute = F.coalesce(F.col("of_item") - earlier < MINUTE_MS, F.lit(False))
    start = F.when(F.col("starts_visit"), F.struct(F.col("ms").alias("ms"), F.col("number").alias("number")))
    start = F.last(start, ignorenulls=True).over(before)
    events = events.withColumns({"ends_minute": ends_minute, "start": start})
    is_fast = F.max("ends_minute").over(Window.partitionBy(*PART, "start.ms"))
    # Without its number, the first visit of a session `a#2` would have the name of the second visit of `a`.
    is_numbered = (F.col("part") > 1) | F.col("session_id").contains("#")
    named = F.concat(F.col("stream"), F.when(is_numbered, F.concat(F.lit("#"), F.col("part"))).otherwise(""))
    visit = F.when(F.col("session_id").isNotNull(), named).otherwise(F.concat_ws("#", "stream", "start.ms"))
    index = (F.col("number") - F.col("start.number") + 1).cast("long")
    events = events.withColumns({"is_fast": is_fast, "visit": visit, "visit_index": index})
    return events.drop("part", "of_item", "number", "starts_visit", "ends_minute", "start")


def _login() -> Column:
    """Return the user whom an event of a session names, or NULL."""
    return F.when(F.col("session_id").isNotNull() & identifies(), F.col("user_id"))


def _find_long_sessions(events: DataFrame) -> DataFrame | None:
    """Return `stream` and `starts`, the times in ms at which the visits of long sessions start; None without any.

    Each visit starts at the first event that is 24 hours or more after the start of the one before, so that visits
    are found one after another, in all sessions at once.
    """
    times = events.where("session_id IS NOT NULL").select("stream", "ms")
    starts = times.groupBy("stream").agg(F.min("ms").alias("start"), F.max("ms").alias("end"))
    starts = starts.where(F.col("end") - F.col("start") >= MAX_VISIT_MS).select("stream", "start")
    starts = starts.persist(StorageLevel.MEMORY_AND_DISK)
    sessions = starts.count()
    if not sessions:
        return None
    # A join without a broadcast would sort all times of one session in one task, once a visit.
    joined = F.broadcast if sessions <= BROADCAST_SESSIONS else lambda rows: rows
    times = times.join(joined(starts.select("stream")), "stream", "left_semi")
    times = times.distinct().persist(StorageLevel.MEMORY_AND_DISK)
    found = starts
    for _ in count():
        later = times.join(joined(starts), "stream").where(F.col("ms") >= F.col("start") + MAX_VISIT_MS)
        # Without a cut the plan of the thousandth visit would hold those of all before.
        starts = later.groupBy("stream").agg(F.min("ms").alias("start")).localCheckpoint()
        if starts.isEmpty():
            break
        found = found.unionByName(starts)
    times.unpersist()
    return joined(found.groupBy("stream").agg(F.array_sort(F.collect_list("start")).alias("starts")))


def add_facts(events: DataFrame) -> DataFrame:
    """Add `value` and `late_seconds`, and `is_bot` except for the events of a user's day with too many."""
    is_sale = F.col("event_type").isin("AddToCart", "Purchase")
    value = F.col("event_value") * F.coalesce("quantity", F.lit(1))
    # NaN is greater than any number.
    value = F.when(is_sale & (F.abs(value) < MAX_AMOUNT), value)
    late = F.floor((F.unix_micros("received_at") - F.unix_micros("timestamp")) / F.lit(1_000_000))
    is_bot = F.col("is_long") | F.col("is_fast")
    events = events.withColumns({"value": value, "late_seconds": late.cast("long"), "is_bot": is_bot})
    return events.drop("is_long", "is_fast", "ms", "stream")


def mark_busy_days(events: DataFrame) -> DataFrame:
    """Mark as a bot's all events of a user's day with too many; the files' order makes this a pass without a sort."""
    by_day = Window.partitionBy(DAY, BUCKET, "user_key").orderBy(*EVENT_ORDER[1:])
    whole = by_day.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    return events.withColumn("is_bot", F.col("is_bot") | (F.count("item_id").over(whole) > BOT_EVENTS_PER_DAY))
