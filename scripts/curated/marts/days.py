"""The days of users and of items: events and exposures, summed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts.curated.marts.sums import cap, count_types, named_orders, paid, sum_exactly, unnamed_orders
from scripts.curated.tables import DAY
from scripts.transforms.identity import SESSION_PREFIX

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

USER_ORDER = ("user_key",)
ITEM_ORDER = ("item_id",)


def to_user_days(events: DataFrame, exposures: DataFrame, currency: str | None) -> DataFrame:
    """Return a row for each user and day with an event."""
    # By visit first, so that a user with very many visits on a day is no set of them in memory.
    by_visit = events.groupBy("user_key", DAY, "visit").agg(
        F.count("*").alias("events"),
        *count_types("searches", "views", "clicks", "adds", "purchases"),
        named_orders().alias("named_orders"),
        unnamed_orders().alias("unnamed_orders"),
        paid(currency).alias("paid"),
        F.max("is_bot").alias("is_bot"),
    )
    sums = ("events", "searches", "views", "clicks", "adds", "purchases")
    orders = F.size(F.array_distinct(F.flatten(F.collect_list("named_orders")))) + F.sum("unnamed_orders")
    of_events = by_visit.groupBy("user_key", DAY).agg(
        F.count("*").alias("visits"),
        *(F.sum(name).alias(name) for name in sums),
        orders.alias("orders"),
        F.coalesce(F.sum("paid").cast("double"), F.lit(0.0)).alias("revenue"),
        F.max("is_bot").alias("is_bot"),
    )
    named = F.when(F.col("variation").isNotNull(), F.struct("shown_at", "list_id", "item_id", "variation"))
    of_exposures = exposures.groupBy("user_key", DAY).agg(
        F.count("*").alias("exposures"),
        F.count("clicked_at").alias("clicked"),
        F.min(named).alias("first"),
        F.size(F.collect_set("variation")).cast("long").alias("variations"),
    )
    days = of_events.join(of_exposures, ["user_key", DAY], "left").fillna(0, ["exposures", "clicked", "variations"])
    anonymous = F.col("user_key").startswith(SESSION_PREFIX)
    return days.withColumn("anonymous", anonymous).withColumn("variation", F.col("first.variation"))


def to_item_days(events: DataFrame, exposures: DataFrame, versions: DataFrame, currency: str | None) -> DataFrame:
    """Return a row for each item and day with an event or an exposure that is no bot's.

    Parameters
    ----------
    versions
        The table of item versions, of which a day has the one that was valid at its end.
    """
    is_purchase = F.col("event_type") == "Purchase"
    with_item = events.where(F.col("item_id").isNotNull() & ~F.col("is_bot"))
    # By user first, so that distinct users are counted without a copy of each row for each count.
    of_events = with_item.groupBy("item_id", DAY, "user_key").agg(
        *count_types("views", "clicks", "adds", "purchases"),
        sum_exactly(F.when(is_purchase, F.coalesce("quantity", F.lit(1)))).alias("units"),
        paid(currency).alias("paid"),
        F.count(F.when(F.col("event_type") != "Impression", 1)).alias("interactions"),
    )
    by_user = exposures.where(~F.col("is_bot")).groupBy("item_id", DAY, "user_key")
    of_exposures = by_user.agg(
        F.count("*").alias("exposures"),
        F.count("clicked_at").alias("clicked"),
        sum_exactly(F.col("position")).alias("position_sum"),
        F.count("position").alias("positioned"),
    )
    rows = of_events.unionByName(of_exposures, allowMissingColumns=True)
    sums = ("views", "clicks", "adds", "purchases", "interactions", "exposures", "clicked", "positioned")
    found = rows.groupBy("item_id", DAY).agg(
        *(F.sum(name).alias(name) for name in sums),
        F.count_if(F.col("views") > 0).alias("viewers"),
        F.count_if(F.col("purchases") > 0).alias("buyers"),
        F.count_if(F.col("exposures") > 0).alias("exposed_users"),
        cap(F.sum("units")).alias("units"),
        cap(F.sum("position_sum")).alias("position_sum"),
        F.sum("paid").cast("double").alias("revenue"),
    )
    return _add_versions(found.fillna(0), versions)


def _add_versions(days: DataFrame, versions: DataFrame) -> DataFrame:
    end = F.date_add(F.to_date(DAY), 1).cast("timestamp")
    valid = versions.select(F.col("item_id").alias("of_item"), "valid_from", "valid_to", "category", "brand")
    is_valid = (F.col("valid_from") < end) & (F.col("valid_to").isNull() | (F.col("valid_to") >= end))
    return days.join(valid, (F.col("item_id") == F.col("of_item")) & is_valid, "left")
