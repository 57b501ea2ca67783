"""Turns events into interactions: deduplicated and filtered; `identity` attributes them to users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts.event_types import IMPRESSION, INTERACTION_TYPES, SEARCH
from scripts.transforms.values import SEPARATOR, finite, is_reserved, join_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame

_HOUR_SECONDS, _DAY_SECONDS = 3_600, 86_400

_CONTENT = (
    "timestamp",
    "user_id",
    "session_id",
    "item_id",
    "event_type",
    "event_value",
    "recommendation_id",
    "consent",
    "impression",
    "device",
)


def add_event_hash(events: DataFrame) -> DataFrame:
    """Add `event_hash`, a hash of the event id; every event in the lake has an id."""
    return events.withColumn("event_hash", F.xxhash64("event_id"))


def find_repeated_hashes(events: DataFrame) -> DataFrame:
    """Return the event hashes that occur in several rows.

    Few events are repeated. Finding them shuffles only eight bytes per event, so that the bulk of the lake is neither
    shuffled nor sorted. Two event ids can share a hash; `keep_first_copies` therefore compares ids.
    """
    return events.groupBy("event_hash").count().where("count > 1").select("event_hash")


def keep_first_copies(events: DataFrame, repeated_hashes: DataFrame) -> DataFrame:
    """Return the copy that arrived first of each event with a repeated hash, and its `copies`, the number of its rows.

    The content decides between copies that arrived at the same time, so the result does not depend on the order in
    which the lake is read.
    """
    content = F.struct("received_at", *_CONTENT)
    first = (
        events.join(repeated_hashes, "event_hash", "left_semi")
        .select("event_id", content.alias("content"))
        .groupBy("event_id")
        .agg(F.min("content").alias("content"), F.count("*").alias("copies"))
    )
    return first.select("event_id", "copies", "content.*").sortWithinPartitions("event_id")


def deduplicate(events: DataFrame, repeated_hashes: DataFrame, first_copies: DataFrame) -> DataFrame:
    """Return each event once: those with a unique hash, and those of `keep_first_copies`."""
    unique = events.join(repeated_hashes, "event_hash", "left_anti").drop("event_hash")
    return unique.unionByName(first_copies.drop("copies"))


def add_drop_reason(events: DataFrame, interaction_types: Sequence[str] = INTERACTION_TYPES) -> DataFrame:
    """Add `dropped`: the reason why an event is not an interaction, or null where it is one.

    Parameters
    ----------
    interaction_types
        The types of event that are declared for the data sets.
    """
    reason = (
        F.when(F.col("consent") == "denied", "no_consent")
        .when(F.col("event_id").isNull() | F.col("timestamp").isNull() | F.col("event_type").isNull(), "incomplete")
        .when(F.col("user_id").isNull() & F.col("session_id").isNull(), "no_identity")
        .when(F.col("event_type") == IMPRESSION, "impression")
        .when(F.col("item_id").isNull() | (F.col("event_type") == SEARCH), "no_item")
        .when(~F.col("event_type").isin(*interaction_types), "other_type")
        # https://docs.aws.amazon.com/personalize/latest/dg/custom-datasets-and-schemas.html
        .when(is_reserved("item_id") | is_reserved("user_id") | is_reserved("event_type"), "reserved_word")
    )
    return events.withColumn("dropped", reason)


def count_outcomes(events: DataFrame) -> DataFrame:
    """Count distinct events by drop reason, and interactions by type.

    The columns are `dropped`, `event_type` (null where dropped), `events`, and `first_seen` and `last_seen` in epoch
    seconds.
    """
    seconds = F.unix_seconds("timestamp")
    event_type = F.when(F.col("dropped").isNull(), F.col("event_type"))
    return events.groupBy("dropped", event_type.alias("event_type")).agg(
        F.count("*").alias("events"), F.min(seconds).alias("first_seen"), F.max(seconds).alias("last_seen")
    )


def to_interactions(events: DataFrame) -> DataFrame:
    """Convert events with resolved users to the Interactions data set, without changing their order."""
    # From epoch seconds, since the hour of a timestamp depends on the session's time zone.
    hour = F.floor(F.unix_seconds("timestamp") % _DAY_SECONDS / _HOUR_SECONDS)
    return events.withColumn("shown", F.concat_ws(SEPARATOR, "impression")).select(
        F.col("user").alias("USER_ID"),
        F.col("item_id").alias("ITEM_ID"),
        F.unix_seconds("timestamp").alias("TIMESTAMP"),
        F.col("event_type").alias("EVENT_TYPE"),
        finite("event_value").alias("EVENT_VALUE"),
        join_ids(F.col("impression"), F.col("shown")).alias("IMPRESSION"),
        F.when(~is_reserved("recommendation_id"), F.col("recommendation_id")).alias("RECOMMENDATION_ID"),
        F.when(~is_reserved("device"), F.col("device")).alias("DEVICE"),
        F.lpad(hour.cast("string"), 2, "0").alias("HOUR"),
    )
