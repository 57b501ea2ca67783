"""Finds the days that new events change, and the published events that decide about these days' rows from outside.

A new event can change rows of other days: its session began on the day before, or its event was known with another
time. All days that can change are *inner* days and are computed anew as a whole. A session that has events on an inner
day and on others, but no new event, stays as it is; its events of the other days are *outer* events, which are read so
that the session's order, users and visits are known, and are not written.

A session's events are looked for at most 30 days away from an inner day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts.curated.days import around, span
from scripts.curated.events import BROADCAST_ROWS
from scripts.curated.tables import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import Column, DataFrame

    from scripts.curated.tables import Tables

DAYS_AROUND = 30
"""Days around an inner day in which other events of its sessions, and copies of its events, are looked for."""


@dataclass(frozen=True)
class Context:
    """The days that are computed anew, and the outer events."""

    inner: set[str]
    outer_days: set[str]
    outer: DataFrame


def stream_of(session: str = "session_id", user: str = "user_id") -> Column:
    """Return the key of the events that are ordered together: those of a session, or a user's without a session."""
    of_session = F.concat(F.lit("s#"), F.col(session))
    return F.coalesce(of_session, F.concat(F.lit("u#"), F.col(user)))


def find_context(tables: Tables, new: DataFrame, new_days: set[str]) -> Context:
    """Find the inner days and the outer events of new events, whose days are `new_days`."""
    known = tables.days("clean_events")
    nearby = around(new_days, DAYS_AROUND, DAYS_AROUND) & known
    inner = set(new_days)
    if nearby:
        streams, copied = _find_copies(tables, new, nearby)
        inner |= copied
        inner |= _find_related(tables, streams, inner)
    nothing = Context(inner, set(), tables.published("clean_events", ()))
    if not inner & known:
        return nothing
    crossing = _find_crossing(tables, inner)
    counts = {row[DAY]: row["count"] for row in crossing.groupBy(DAY).count().collect()}
    outer_days = {*counts}
    if not outer_days:
        return nothing
    outer = tables.published("clean_events", outer_days).withColumn("stream", stream_of())
    if sum(counts.values()) <= BROADCAST_ROWS:
        crossing = F.broadcast(crossing)
    return Context(inner, outer_days, outer.join(crossing, ["stream", DAY], "left_semi").drop("stream"))


def _find_copies(tables: Tables, new: DataFrame, nearby: set[str]) -> tuple[DataFrame, set[str]]:
    """Return the streams of the new events and of their published copies, and the days of these copies."""
    columns = ("event_id", "session_id", "user_id")
    fresh = new.select(*columns, DAY).persist(StorageLevel.MEMORY_AND_DISK)
    is_small = fresh.count() <= BROADCAST_ROWS
    ids = fresh.select("event_id")
    copies = (
        tables.published("clean_events", nearby)
        .select(*columns, DAY)
        .join(F.broadcast(ids) if is_small else ids, "event_id", "left_semi")
    )
    copies = copies.persist(StorageLevel.MEMORY_AND_DISK)
    days = {row[DAY] for row in copies.select(DAY).distinct().collect()}
    streams = fresh.unionByName(copies).select(stream_of().alias("stream")).distinct()
    return F.broadcast(streams) if is_small else streams, days


def _find_related(tables: Tables, streams: DataFrame, inner: set[str]) -> set[str]:
    """Return the days of published visits of sessions, and of users' visits without a session beside inner days."""
    visits = _visits(tables, around(inner, DAYS_AROUND, DAYS_AROUND)).join(streams, "stream", "left_semi")
    beside = sorted(around(inner, 1, 1))
    is_beside = F.col("first_day").isin(beside) | F.col("last_day").isin(beside)
    spans = visits.where(F.col("session_id").isNotNull() | is_beside).select("first_day", "last_day").distinct()
    return {day for row in spans.collect() for day in span(row["first_day"], row["last_day"])}


def _find_crossing(tables: Tables, inner: set[str]) -> DataFrame:
    """Return `stream` and `event_date` of events outside the inner days whose stream has visits on both sides."""
    visits = _visits(tables, around(inner, DAYS_AROUND, DAYS_AROUND)).where("first_day < last_day OR is_long")
    dates = F.sequence(F.to_date("first_day"), F.to_date("last_day"))
    spans = visits.select("stream", F.explode(dates).alias(DAY)).distinct()
    spans = spans.select("stream", F.date_format(DAY, "yyyy-MM-dd").alias(DAY)).persist(StorageLevel.MEMORY_AND_DISK)
    is_inner = F.col(DAY).isin(sorted(inner))
    inside = spans.where(is_inner).select("stream").distinct()
    return spans.where(~is_inner).join(inside, "stream", "left_semi").persist(StorageLevel.MEMORY_AND_DISK)


def _visits(tables: Tables, days: Iterable[str]) -> DataFrame:
    visits = tables.published("visits", days)
    first, last = (F.date_format(name, "yyyy-MM-dd") for name in ("started_at", "ended_at"))
    columns = (first.alias("first_day"), last.alias("last_day"))
    return visits.select(stream_of(user="user_key").alias("stream"), "session_id", "is_long", *columns)
