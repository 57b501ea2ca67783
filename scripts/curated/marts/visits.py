"""Visits: the events of a visit, summed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts.curated.generated import ENGAGED_SECONDS, ENGAGED_VIEWS
from scripts.curated.marts.sums import count_types, orders, revenue
from scripts.curated.tables import DAY

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ORDER = ("user_key", "started_at", "visit")


def to_visits(events: DataFrame, inner: set[str], currency: str | None) -> DataFrame:
    """Return the visits that have an event on an inner day.

    Parameters
    ----------
    events
        All clean events of the inner days, and those of other days that belong to the same visits.
    """
    with_item = F.when(F.col("item_id").isNotNull(), F.struct("visit_index", "item_id"))
    first = F.min(F.struct("visit_index", "user_key", "session_id", "event_type")).alias("first")
    # Texts are aggregated by sorting: once where the rows of a visit are together, else before and after a shuffle.
    visits = (
        events.repartition("visit")
        .groupBy("visit")
        .agg(
            first,
            F.min("timestamp").alias("started_at"),
            F.max("timestamp").alias("ended_at"),
            F.count("*").alias("events"),
            *count_types("impressions", "searches", "views", "clicks", "adds", "purchases"),
            orders().alias("orders"),
            revenue(currency).alias("revenue"),
            F.size(F.collect_set("item_id")).cast("long").alias("items"),
            F.min(with_item).alias("first_item"),
            F.max(with_item).alias("last_item"),
            F.max(F.col("recommendation_id").isNotNull()).alias("from_recommendation"),
            F.max("is_bot").alias("is_bot"),
            F.max(F.col(DAY).isin(sorted(inner))).alias("is_inner"),
        )
    )
    seconds = F.floor((F.unix_micros("ended_at") - F.unix_micros("started_at")) / F.lit(1_000_000)).cast("long")
    has_sale = (F.col("adds") > 0) | (F.col("purchases") > 0)
    visits = visits.where("is_inner").select(
        "*",
        "first.user_key",
        "first.session_id",
        F.col("first.event_type").alias("entry_type"),
        seconds.alias("seconds"),
    )
    # Few sessions are long, so that their parts after the first are found without a shuffle.
    whole = F.concat(F.lit("s#"), F.col("session_id"))
    is_part = (F.col("visit") != whole) & (F.col("visit") != F.concat(whole, F.lit("#1")))
    long = events.where(is_part).select("session_id").distinct().withColumn("is_long", F.lit(True))
    visits = visits.join(F.broadcast(long), "session_id", "left")
    is_engaged = (F.col("views") >= ENGAGED_VIEWS) | (F.col("seconds") >= ENGAGED_SECONDS) | has_sale
    return visits.withColumns(
        {
            DAY: F.date_format("started_at", "yyyy-MM-dd"),
            "first_item": F.col("first_item.item_id"),
            "last_item": F.col("last_item.item_id"),
            "is_long": F.coalesce("is_long", F.lit(False)),
            "bounced": F.col("events") == 1,
            "engaged": is_engaged,
        }
    )
