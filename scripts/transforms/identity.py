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
    """Return the anonymous events in sessions with several users: `of_event`, `event_user`, `timestamp`, `dropped`."""
    several = session_users.where("session_user IS NULL").select(F.col("of_session").alias("session_id"))
    rows = _of_sessions(events).join(several, "session_id", "left_semi")
    rows = rows.select("session_id", "timestamp", "event_id", "login", "dropped")
    in_time_order = Window.partitionBy("session_id").orderBy("timestamp", "event_id")
    before = in_time_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    whole = in_time_order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    latest, first = F.last("login", ignorenulls=True).over(before), F.first("login", ignorenulls=True).over(whole)
    users = rows.withColumn("event_user", F.coalesce(latest, first)).where("login IS NULL")
    return users.select(F.col("event_id").alias("of_event"), "event_user", "timestamp", "dropped")


def resolve_users(
    events: DataFrame, session_users: DataFrame | None, event_users: DataFrame | None = None
) -> DataFrame:
    """Add `user`: the event's user, or the user of its session at its time, or else the session.

    Parameters
    ----------
    session_users
        From `find_session_users`; None where it has no rows.
    event_users
        From `find_event_users`; None where no session has several users.
    """
    known = [F.col("user_id")]
    if session_users is not None:
        events = events.join(session_users, _anonymous_session() == session_users["of_session"], "left")
        known.append(F.col("session_user"))
    if event_users is not None:
        # By the event's own id, which no other event shares, so that the largest session is no skewed key.
        of_event = event_users.select("of_event", "event_user")
        events = events.join(of_event, events["event_id"] == of_event["of_event"], "left")
        known.append(F.col("event_user"))
    return events.withColumn("user", F.coalesce(*known, name_session()))


def find_interaction_users(
    events: DataFrame, session_users: DataFrame | None, event_users: DataFrame | None = None
) -> DataFrame:
    """Return `user` and `timestamp` of each interaction, without the ids of `events`; see `resolve_users`."""
    interactions = events.where("dropped IS NULL")
    resolved = resolve_users(interactions, session_users)
    if event_users is None:
        return resolved.select("user", "timestamp")
    resolved = resolved.where("of_session IS NULL OR session_user IS NOT NULL").select("user", "timestamp")
    several = event_users.where("dropped IS NULL").select(F.col("event_user").alias("user"), "timestamp")
    return resolved.unionByName(several)


def name_session() -> Column:
    """Return the user id of a session without a user: `session#` and its id, or its SHA-256 where that is too long."""
    session = F.concat(F.lit(SESSION_PREFIX), F.col("session_id"))
    hashed = F.concat(F.lit(SESSION_PREFIX), F.sha2(F.col("session_id"), 256))
    return F.when(F.length(session) <= MAX_ID_LENGTH, session).otherwise(hashed)


def _anonymous_session() -> Column:
    return F.when(F.col("user_id").isNull(), F.col("session_id"))


def _of_sessions(events: DataFrame) -> DataFrame:
    """Return the events of sessions that identify a user, with `login`, or need one, without."""
    login = F.when(identifies(), F.col("user_id"))
    is_usable = F.coalesce(~F.col("dropped").isin("no_consent", "incomplete"), F.lit(True))
    rows = events.where(is_usable & F.col("session_id").isNotNull())
    return rows.withColumn("login", login).where("user_id IS NULL OR login IS NOT NULL")


def identifies() -> Column:
    """Return whether an event with a session identifies its user; never null."""
    is_event = F.col("event_type").isNotNull() & (F.col("event_type") != IMPRESSION)
    return F.col("user_id").isNotNull() & is_event & ~is_reserved("user_id")
