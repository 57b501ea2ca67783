"""Items and users: of each the newest version, with the columns of the data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it

from scripts.transforms.values import (
    MAX_ID_LENGTH,
    MAX_STRING_LENGTH,
    MAX_TEXT_LENGTH,
    categories,
    finite,
    is_reserved,
    text,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def usable(records: DataFrame, identity: str) -> DataFrame:
    """Add `dropped`: why a record cannot be used, or null where it can."""
    reason = (
        F.when(F.col("unreadable").isNotNull(), "unreadable")
        .when(F.col(identity).isNull() | (F.col(identity) == ""), "no_id")
        .when(F.length(identity) > MAX_ID_LENGTH, "too_long")
        .when(is_reserved(identity), "reserved_word")
    )
    return records.withColumn("dropped", reason)


def newest(records: DataFrame, identity: str) -> DataFrame:
    """Keep of each id the version that came in last; records that are dropped are no versions of anything.

    Returns
    -------
    DataFrame
        One row per id and per dropped record, with `copies`, the number of rows it stood in, and `events`, which is 1.
    """
    columns = [name for name in records.columns if name not in {identity, "dropped", "arrival"}]
    alone = F.when(F.col("dropped").isNotNull(), F.struct("arrival.file", "arrival.block", "arrival.line"))
    last = records.groupBy(identity, "dropped", alone.alias("alone")).agg(
        F.max_by(F.struct(*columns), F.col("arrival")).alias("last"), F.count("*").alias("copies")
    )
    return last.select(identity, "dropped", F.lit(1).alias("events"), "copies", "last.*")


def items(records: DataFrame, seen: DataFrame, newest_event: int) -> DataFrame:
    """Turn the newest records of items into the Items data set.

    An item that does not say when it came to be is as old as its first interaction; one without any is new. That is
    what Personalize assumes (https://docs.aws.amazon.com/personalize/latest/dg/items-datasets.html).

    Parameters
    ----------
    records
        One row per item.
    seen
        `item_id` and `first_seen`, epoch seconds, of items that were interacted with.
    newest_event
        Time of the newest interaction, epoch seconds.
    """
    said = F.unix_seconds(F.try_to_timestamp(F.col("created_at")))
    # A film may be older than the epoch; for how fresh it is that makes no difference.
    created = F.when(said < 0, 0).otherwise(said)
    return (
        records.join(seen, "item_id", "left")
        .coalesce(1)
        .sortWithinPartitions("item_id")
        .select(
            F.col("item_id").alias("ITEM_ID"),
            text("title", MAX_STRING_LENGTH).alias("TITLE"),
            categories("category").alias("CATEGORY"),
            categories("brand").alias("BRAND"),
            finite("price").alias("PRICE"),
            text("description", MAX_TEXT_LENGTH).alias("DESCRIPTION"),
            F.coalesce(created, F.col("first_seen"), F.lit(newest_event)).alias("CREATION_TIMESTAMP"),
        )
    )


def users(records: DataFrame) -> DataFrame:
    """Turn the newest records of users into the Users data set."""
    return (
        records.coalesce(1)
        .sortWithinPartitions("user_id")
        .select(
            F.col("user_id").alias("USER_ID"),
            categories("age_group").alias("AGE_GROUP"),
            categories("gender").alias("GENDER"),
            categories("interests").alias("INTERESTS"),
            categories("membership").alias("MEMBERSHIP"),
        )
    )
