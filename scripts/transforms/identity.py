"""The rule of identity of `backend.contract.rules.identity` on a lake: which user an event without a user belongs to.

Most sessions have one user, whom a join by session adds. Only the events of sessions with several users are sorted,
with no other columns than those of the rule, so that a session of millions of events spills to disk and breaks no task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts.event_types import IMPRESSION
from scripts.transforms.values import MAX_ID_LENGTH, is_reserved

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

# The user id of events of a session without a log-in is this prefix and the session id, as in the backend's history.
SESSION_PREFIX = "session#"


def find_session_users(events: DataFrame) -> DataFrame:
    """Return the sessions with anonymous events and a log-in: `of_session` and `session_user`, null for several users.

    Events without an item, such as searches, identify the user as interactions do; impressions and events without
    consent do not.
    """
    # Spark's hash aggregation supports strings as keys but not as aggregates, so this first step reduces the rows.
    pairs = _of_sessions(events).select("session_id", "login").distinct()
    sessions = pairs.groupBy("session_id").agg(
        F.count("login").alias("users"), F.min("login").alias("user"), F.max(F.col("login").isNull()).alias("anonymous")
    )
    return sessions.where("anonymous AND users > 0").select(
        F.col("session_id").alias("of_session"), F.when(F.col("users") == 1, F.col("user")).alias("session_user")
    )


def find_event_users(events: DataFrame, session_users: DataFrame) -> DataFrame:
    """Return `of_event` and `event_user` of the anonymous events in sessions with several users."""
    several = session_users.where("session_user IS NULL").select(F.col("of_session").alias("session_id"))
    rows = _of_sessions(events).join(several, "session_id", "left_semi")
    rows = rows.select("session_id", "timestamp", "event_id", "login")
    in_time_order = Window.partitionBy("session_id").orderBy("timestamp", "event_id")
    before = in_time_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    whole = in_time_order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    latest, first = F.last("login", ignorenulls=True).over(before), F.first("login", ignorenulls=True).over(whole)
    users = rows.select("event_id", "login", F.coalesce(latest, first).alias("event_user"))
    return users.where("login IS NULL").select(F.col("event_id").alias("of_event"), "event_user")


def resolve_users(events: DataFrame, session_users: DataFrame, event_users: DataFrame | None) -> DataFrame:
    """Add `user`: the event's user, or the user of its session at its time, or else the session.

    Parameters
    ----------
    session_users
        From `find_session_users`.
    event_users
        From `find_event_users`; None where no session has several users.
    """
    session = F.concat(F.lit(SESSION_PREFIX), F.col("session_id"))
    hashed = F.concat(F.lit(SESSION_PREFIX), F.sha2(F.col("session_id"), 256))
    named = F.when(F.length(session) <= MAX_ID_LENGTH, session).otherwise(hashed)
    anonymous_session = F.when(F.col("user_id").isNull(), F.col("session_id"))
    joined = events.join(session_users, anonymous_session == session_users["of_session"], "left")
    known = [F.col("user_id"), F.col("session_user")]
    if event_users is not None:
        # By the event's own id, which no other event shares, so that the largest session is no skewed key.
        joined = joined.join(event_users, joined["event_id"] == event_users["of_event"], "left")
        known.append(F.col("event_user"))
    return joined.withColumn("user", F.coalesce(*known, named))


def _of_sessions(events: DataFrame) -> DataFrame:
    """Return the events of sessions that identify a user, with `login`, or need one, without."""
    login = F.when(_identifies(), F.col("user_id"))
    is_stored = F.coalesce(F.col("dropped") != "no_consent", F.lit(True)) & F.col("timestamp").isNotNull()
    rows = events.where(is_stored & F.col("session_id").isNotNull() & F.col("event_id").isNotNull())
    return rows.withColumn("login", login).where("user_id IS NULL OR login IS NOT NULL")


def _identifies() -> Column:
    is_event = F.col("event_type").isNotNull() & (F.col("event_type") != IMPRESSION)
    return F.col("user_id").isNotNull() & is_event & ~is_reserved("user_id")
