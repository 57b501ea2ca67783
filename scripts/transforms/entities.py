"""Turns the records of items and users into data sets of their latest versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts.transforms.values import (
    MAX_ID_LENGTH,
    MAX_STRING_LENGTH,
    MAX_TEXT_LENGTH,
    categorical,
    finite,
    is_reserved,
    single_line,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def add_drop_reason(records: DataFrame, id_column: str) -> DataFrame:
    """Add `dropped`: the reason why a record is unusable, or null where it is usable."""
    reason = (
        F.when(F.col("unreadable").isNotNull(), "unreadable")
        .when(F.col(id_column).isNull() | (F.col(id_column) == ""), "no_id")
        .when(F.length(id_column) > MAX_ID_LENGTH, "too_long")
        .when(is_reserved(id_column), "reserved_word")
    )
    return records.withColumn("dropped", reason)


def keep_latest(records: DataFrame, id_column: str) -> DataFrame:
    """Keep the version of each id that arrived last; dropped records are kept apart from the versions.

    Each id and each dropped record is one row, with `copies`, the number of its versions, and `events`, which is 1.
    """
    columns = [name for name in records.columns if name not in {id_column, "dropped", "arrival"}]
    position = F.when(F.col("dropped").isNotNull(), F.struct("arrival.file", "arrival.block", "arrival.line"))
    latest = records.groupBy(id_column, "dropped", position.alias("position")).agg(
        F.max_by(F.struct(*columns), F.col("arrival")).alias("latest"), F.count("*").alias("copies")
    )
    return latest.select(id_column, "dropped", F.lit(1).alias("events"), "copies", "latest.*")


def to_items(records: DataFrame, first_seen: DataFrame, latest_event: int) -> DataFrame:
    """Convert the latest records of items to the Items data set.

    The creation time of an item without `created_at` is that of its first interaction, or of the latest interaction
    where it has none, as Personalize assumes
    (https://docs.aws.amazon.com/personalize/latest/dg/items-datasets.html).

    Parameters
    ----------
    records
        One row per item.
    first_seen
        `item_id` and `first_seen`, epoch seconds, of items with interactions.
    latest_event
        Time of the latest interaction, epoch seconds.
    """
    declared = F.unix_seconds(F.try_to_timestamp(F.col("created_at")))
    # The creation time of a movie can be before the epoch; its freshness is the same at the epoch.
    created = F.when(declared < 0, 0).otherwise(declared)
    return (
        records.join(first_seen, "item_id", "left")
        .coalesce(1)
        .sortWithinPartitions("item_id")
        .select(
            F.col("item_id").alias("ITEM_ID"),
            single_line("title", MAX_STRING_LENGTH).alias("TITLE"),
            categorical("category").alias("CATEGORY"),
            categorical("brand").alias("BRAND"),
            finite("price").alias("PRICE"),
            single_line("availability", MAX_STRING_LENGTH).alias("AVAILABILITY"),
            single_line("description", MAX_TEXT_LENGTH).alias("DESCRIPTION"),
            F.coalesce(created, F.col("first_seen"), F.lit(latest_event)).alias("CREATION_TIMESTAMP"),
        )
    )


def to_users(records: DataFrame) -> DataFrame:
    """Convert the latest records of users to the Users data set."""
    return (
        records.coalesce(1)
        .sortWithinPartitions("user_id")
        .select(
            F.col("user_id").alias("USER_ID"),
            categorical("age_group").alias("AGE_GROUP"),
            categorical("gender").alias("GENDER"),
            categorical("interests").alias("INTERESTS"),
            categorical("membership").alias("MEMBERSHIP"),
            categorical("country").alias("COUNTRY"),
            categorical("region").alias("REGION"),
            categorical("city").alias("CITY"),
            categorical("device").alias("DEVICE"),
        )
    )
