"""Adds to events their user, their visit and whether they are a bot's.

All is done by windows, which sort and spill, so that neither a session nor a user is too large for a task's memory.
"""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts.curated.context import stream_of
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
    from pyspark.sql import DataFrame

EVENT_ORDER = ("user_key", "timestamp", "event_rank", "event_id")
"""The order of the rows of a day's files."""

BROADCAST_SESSIONS = 100_000
"""Long sessions whose starts, of which each has one a day, are broadcast."""

MINUTE_MS = 60_000
GAP_MS = VISIT_GAP_MINUTES * MINUTE_MS
MAX_VISIT_MS = MAX_VISIT_HOURS * 60 * MINUTE_MS


def add_order(events: DataFrame) -> DataFrame:
    """Add `stream`, the session or the user whose events are ordered together, `ms` and `event_rank`."""
    ranks = F.create_map(*map(F.lit, chain.from_iterable(EVENT_RANKS.items())))
    rank = F.coalesce(F.try_element_at(ranks, F.col("event_type")), F.lit(OTHER_RANK))
    ms = F.unix_millis("timestamp")
    return events.withColumns({"stream": stream_of(), "ms": ms, "event_rank": rank.cast("long")})


def add_users(events: DataFrame) -> DataFrame:
    """Add `user_key` and `user_key_from` by the rule of identity, which has an order of its own for equal times."""
    by_stream = Window.partitionBy("stream").orderBy("timestamp", "event_id")
    before = by_stream.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    whole = by_stream.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    login = F.when(F.col("session_id").isNotNull() & identifies(), F.col("user_id"))
    events = events.withColumn("login", login)
    latest = F.last("login", ignorenulls=True).over(before)
    first = F.first("login", ignorenulls=True).over(whole)
    events = events.withColumn("login", F.coalesce(latest, first))
    source = F.when(F.col("user_id").isNotNull(), "user").when(F.col("login").isNotNull(), "login").otherwise("session")
    key = F.coalesce("user_id", "login", name_session())
    return events.withColumns({"user_key": key, "user_key_from": source}).drop("login")


def find_long_sessions(events: DataFrame) -> DataFrame | None:
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
    times = times.join(starts.select("stream"), "stream", "left_semi")
    times = times.distinct().persist(StorageLevel.MEMORY_AND_DISK)
    found = starts
    for _ in count():
        later = times.join(starts, "stream").where(F.col("ms") >= F.col("start") + MAX_VISIT_MS)
        # Without a cut the plan of the thousandth visit would hold those of all before.
        starts = later.groupBy("stream").agg(F.min("ms").alias("start")).localCheckpoint()
        if starts.isEmpty():
            break
        found = found.unionByName(starts)
    found = found.groupBy("stream").agg(F.array_sort(F.collect_list("start")).alias("starts"))
    return F.broadcast(found) if sessions <= BROADCAST_SESSIONS else found


def add_visits(events: DataFrame, long_sessions: DataFrame | None) -> DataFrame:
    """Add `visit`, `visit_index`, and `is_long` and `is_fast`, which mark all events of a visit."""
    if long_sessions is None:
        events = events.withColumns({"part": F.lit(1), "is_long": F.lit(False)})
    else:
        events = events.join(long_sessions, "stream", "left")
        reached = F.size(F.filter("starts", lambda start: start <= F.col("ms")))
        is_long = F.col("starts").isNotNull()
        events = events.withColumns({"is_long": is_long, "part": F.when(is_long, reached).otherwise(1)}).drop("starts")
    by_stream = Window.partitionBy("stream").orderBy("timestamp", "event_rank", "event_id")
    before = by_stream.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    gap = F.col("ms") - F.lag("ms").over(by_stream)
    is_later = F.when(F.col("session_id").isNull(), gap > GAP_MS).otherwise(
        F.col("part") > F.lag("part").over(by_stream)
    )
    of_item = F.when(F.col("item_id").isNotNull(), F.col("ms"))
    # The time of the 120th event with an item before this one: all are within a minute, or no such minute ends here.
    earlier = F.expr(
        f"lag(of_item, {BOT_EVENTS_PER_MINUTE}) IGNORE NULLS "
        "OVER (PARTITION BY stream ORDER BY timestamp, event_rank, event_id)"
    )
    starts_visit, number = F.coalesce(is_later, F.lit(True)), F.row_number().over(by_stream)
    events = events.withColumns({"of_item": of_item, "number": number, "starts_visit": starts_visit})
    ends_minute = F.coalesce(F.col("of_item") - earlier < MINUTE_MS, F.lit(False))
    start = F.when(F.col("starts_visit"), F.struct(F.col("ms").alias("ms"), F.col("number").alias("number")))
    start = F.last(start, ignorenulls=True).over(before)
    events = events.withColumns({"ends_minute": ends_minute, "start": start})
    is_fast = F.max("ends_minute").over(Window.partitionBy("stream", "start.ms"))
    # Without its number, the first visit of a session `a#2` would have the name of the second visit of `a`.
    is_numbered = (F.col("part") > 1) | F.col("session_id").contains("#")
    named = F.concat(F.col("stream"), F.when(is_numbered, F.concat(F.lit("#"), F.col("part"))).otherwise(""))
    visit = F.when(F.col("session_id").isNotNull(), named).otherwise(F.concat_ws("#", "stream", "start.ms"))
    index = (F.col("number") - F.col("start.number") + 1).cast("long")
    events = events.withColumns({"is_fast": is_fast, "visit": visit, "visit_index": index})
    return events.drop("part", "of_item", "number", "starts_visit", "ends_minute", "start")


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
