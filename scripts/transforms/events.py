"""Events to interactions: each once, only those that may be used, each with the person who is behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it

from scripts.transforms.values import MAX_ID_LENGTH, finite, is_reserved, joined

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# How a person who never logged in is named; the backend's history names them the same.
SESSION_PREFIX = "session#"

# The one reason for which an event is dropped that still tells who is behind its session.
NO_ITEM = "no_item"

_SAID = (
    "timestamp",
    "user_id",
    "session_id",
    "item_id",
    "event_type",
    "event_value",
    "recommendation_id",
    "consent",
    "impression",
)


def deduplicate(events: DataFrame) -> DataFrame:
    """Keep of each event the copy that came in first.

    Copies that came in at the same moment are told apart by what they say, so the outcome does not depend on how the
    lake is read.

    Returns
    -------
    DataFrame
        One row per event id, with `copies`, the number of rows it stood in.
    """
    said = F.struct("received_at", *_SAID)
    # An event without an id can only be the same as one that says the same.
    event_id = F.coalesce("event_id", F.sha2(F.to_json(F.struct(*_SAID)), 256))
    first = (
        events.select(event_id.alias("event_id"), said.alias("said"))
        .groupBy("event_id")
        .agg(F.min("said").alias("said"), F.count("*").alias("copies"))
    )
    return first.select("event_id", "copies", "said.*")


def judge(events: DataFrame) -> DataFrame:
    """Add `dropped`: why an event is no interaction, or null where it is one."""
    reason = (
        F.when(F.col("consent") == "denied", "no_consent")
        .when(F.col("timestamp").isNull() | F.col("event_type").isNull(), "incomplete")
        .when(F.col("user_id").isNull() & F.col("session_id").isNull(), "no_identity")
        .when(F.col("item_id").isNull(), NO_ITEM)
        # https://docs.aws.amazon.com/personalize/latest/dg/custom-datasets-and-schemas.html
        .when(is_reserved("item_id") | is_reserved("user_id") | is_reserved("event_type"), "reserved_word")
    )
    return events.withColumn("dropped", reason)


def stitch(judged: DataFrame) -> DataFrame:
    """Return the interactions among judged events with `person`, who is behind each.

    That is the user, or for an anonymous event the user its session belongs to, or else the session. A session belongs
    to the user who logged in to it first, be it with a search; what comes without consent tells nothing.
    """
    events = judged.where(F.col("dropped").isNull())
    witnesses = judged.where(F.col("dropped").isNull() | (F.col("dropped") == NO_ITEM))
    logins = (
        witnesses.where(F.col("user_id").isNotNull() & F.col("session_id").isNotNull())
        .groupBy("session_id")
        .agg(F.min(F.struct("timestamp", "user_id")).alias("login"))
        .select("session_id", F.col("login.user_id").alias("owner"))
    )
    known = events.where(F.col("user_id").isNotNull()).withColumn("person", F.col("user_id"))
    # Only the anonymous events are joined: they are few, and none of them has a null session to skew the join.
    anonymous = events.where(F.col("user_id").isNull()).join(logins, "session_id", "left")
    session = F.concat(F.lit(SESSION_PREFIX), F.col("session_id"))
    short = F.concat(F.lit(SESSION_PREFIX), F.sha2(F.col("session_id"), 256))
    named = F.when(F.length(session) <= MAX_ID_LENGTH, session).otherwise(short)
    return known.unionByName(anonymous.withColumn("person", F.coalesce("owner", named)).drop("owner"))


def interactions(events: DataFrame) -> DataFrame:
    """Turn stitched events into the Interactions data set, ordered within each part."""
    return events.sortWithinPartitions("person", "timestamp", "event_id").select(
        F.col("person").alias("USER_ID"),
        F.col("item_id").alias("ITEM_ID"),
        F.unix_seconds("timestamp").alias("TIMESTAMP"),
        F.col("event_type").alias("EVENT_TYPE"),
        finite("event_value").alias("EVENT_VALUE"),
        joined("impression").alias("IMPRESSION"),
        F.when(~is_reserved("recommendation_id"), F.col("recommendation_id")).alias("RECOMMENDATION_ID"),
    )
