"""Events to interactions: each once, only those that may be used, each with the user who is behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it

from scripts.transforms.values import MAX_ID_LENGTH, SEPARATOR, finite, is_reserved, joined

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# How a user who never logged in is named; the backend's history names them the same.
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


def mark(events: DataFrame) -> DataFrame:
    """Add `mark`, a hash of the event id; every event in the lake has one."""
    return events.withColumn("mark", F.xxhash64("event_id"))


def suspects(events: DataFrame) -> DataFrame:
    """Return the marks of event ids that may stand in several rows.

    Few events are there twice. Finding out which takes eight bytes per event through the shuffle; all that a mark might
    be shared for (a hash is no id) is settled in `first_copies`, so the bulk of the lake is never shuffled or sorted.
    """
    return events.groupBy("mark").count().where("count > 1").select("mark")


def first_copies(events: DataFrame, marks: DataFrame) -> DataFrame:
    """Keep of each suspected event the copy that came in first.

    Copies that came in at the same moment are told apart by what they say, so the outcome does not depend on how the
    lake is read.

    Returns
    -------
    DataFrame
        One row per event id, with `copies`, the number of rows it stood in.
    """
    said = F.struct("received_at", *_SAID)
    first = (
        events.join(marks, "mark", "left_semi")
        .select("event_id", said.alias("said"))
        .groupBy("event_id")
        .agg(F.min("said").alias("said"), F.count("*").alias("copies"))
    )
    return first.select("event_id", "copies", "said.*").sortWithinPartitions("event_id")


def deduplicate(events: DataFrame, marks: DataFrame, copies: DataFrame) -> DataFrame:
    """Return each event once, with `copies`: those above suspicion as they are, the others from `first_copies`."""
    alone = events.join(marks, "mark", "left_anti").drop("mark").withColumn("copies", F.lit(1).cast("long"))
    return alone.unionByName(copies)


def judge(events: DataFrame) -> DataFrame:
    """Add `dropped`: why an event is no interaction, or null where it is one."""
    reason = (
        F.when(F.col("consent") == "denied", "no_consent")
        .when(F.col("event_id").isNull() | F.col("timestamp").isNull() | F.col("event_type").isNull(), "incomplete")
        .when(F.col("user_id").isNull() & F.col("session_id").isNull(), "no_identity")
        .when(F.col("item_id").isNull(), NO_ITEM)
        # https://docs.aws.amazon.com/personalize/latest/dg/custom-datasets-and-schemas.html
        .when(is_reserved("item_id") | is_reserved("user_id") | is_reserved("event_type"), "reserved_word")
    )
    return events.withColumn("dropped", reason)


def summarize(judged: DataFrame) -> DataFrame:
    """Count events by why they are dropped and by item.

    Returns
    -------
    DataFrame
        `dropped`, `item_id`, `events`, `copies`, and `first_seen` and `last_seen` in epoch seconds.
    """
    moment = F.unix_seconds("timestamp")
    return judged.groupBy("dropped", "item_id").agg(
        F.count("*").alias("events"),
        F.sum("copies").alias("copies"),
        F.min(moment).alias("first_seen"),
        F.max(moment).alias("last_seen"),
    )


def owners(judged: DataFrame) -> DataFrame:
    """Return who owns each session that has both anonymous events and a login: the user who logged in first.

    A search tells who is there as well as an interaction does; what comes without consent tells nothing.
    """
    telling = judged.where(F.col("dropped").isNull() | (F.col("dropped") == NO_ITEM)).where("session_id IS NOT NULL")
    # Strings may be keys of Spark's hash aggregation but not what it computes, so the first step reduces the rows.
    firsts = telling.groupBy("session_id", "user_id").agg(F.min("timestamp").alias("moment"))
    login = F.when(F.col("user_id").isNotNull(), F.struct("moment", "user_id"))
    sessions = firsts.groupBy("session_id").agg(
        F.min(login).alias("login"), F.max(F.col("user_id").isNull()).alias("is_anonymous")
    )
    owned = sessions.where(F.col("is_anonymous") & F.col("login").isNotNull())
    return owned.select(F.col("session_id").alias("owned"), F.col("login.user_id").alias("owner"))


def stitch(judged: DataFrame, owned: DataFrame) -> DataFrame:
    """Return the interactions among judged events with `user`, who is behind each.

    That is the user, or for an anonymous event the owner of its session (from `owners`), or else the session.
    """
    events = judged.where(F.col("dropped").isNull())
    session = F.concat(F.lit(SESSION_PREFIX), F.col("session_id"))
    short = F.concat(F.lit(SESSION_PREFIX), F.sha2(F.col("session_id"), 256))
    named = F.when(F.length(session) <= MAX_ID_LENGTH, session).otherwise(short)
    anonymous = F.when(F.col("user_id").isNull(), F.col("session_id"))
    found = events.join(owned, anonymous == owned["owned"], "left")
    return found.withColumn("person", F.coalesce("user_id", "owner", named))


def interactions(events: DataFrame) -> DataFrame:
    """Turn stitched events into the Interactions data set, in the order in which they came."""
    return events.withColumn("shown", F.concat_ws(SEPARATOR, "impression")).select(
        F.col("person").alias("USER_ID"),
        F.col("item_id").alias("ITEM_ID"),
        F.unix_seconds("timestamp").alias("TIMESTAMP"),
        F.col("event_type").alias("EVENT_TYPE"),
        finite("event_value").alias("EVENT_VALUE"),
        joined(F.col("impression"), F.col("shown")).alias("IMPRESSION"),
        F.when(~is_reserved("recommendation_id"), F.col("recommendation_id")).alias("RECOMMENDATION_ID"),
    )
