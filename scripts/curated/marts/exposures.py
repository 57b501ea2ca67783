"""Exposures: the items that a user saw in a list, once per list, user and item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts.curated.context import DAYS_AROUND
from scripts.curated.generated import CLICK_THROUGH_HOURS
from scripts.curated.tables import DAY

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ORDER = ("user_key", "shown_at", "list_id", "item_id")
KEY = ("list_id", "user_key", "item_id")

DELIVERY_DAYS = 2
"""Days after a served list in which Firehose has delivered it."""

_LIST = ("recommendation_id", "visit", "slot", "model", "source", "variation")


def find_showings(events: DataFrame) -> DataFrame:
    """Return a row for each item that an Impression or a Click shows.

    The rows have `list_id`, `place` in the impression, `position_in_list` as sent, and `is_first`, which is false where
    the impression has the item at an earlier place, too.
    """
    shown = events.where(F.col("event_type").isin("Impression", "Click") & (F.size("impression") > 0))
    # Few impressions repeat an item, and of the others the list of first places is not copied to every row.
    repeats = F.size(F.array_distinct("impression")) < F.size("impression")
    firsts = F.expr("transform(impression, item -> array_position(impression, item))")
    shown = add_list(shown).withColumn("firsts", F.when(repeats, firsts))
    return (
        shown.select("*", F.posexplode("impression").alias("index", "shown_item"))
        .drop("item_id", "impression")
        .withColumnRenamed("shown_item", "item_id")
        .withColumn("place", (F.col("index") + 1).cast("long"))
        .withColumn("position_in_list", F.get("positions", F.col("index")))
        .withColumn("is_first", F.coalesce(F.get("firsts", F.col("index")) == F.col("place"), F.lit(True)))
        .where(F.col("item_id").isNotNull())
    )


def add_list(events: DataFrame) -> DataFrame:
    """Add `list_id`: the recommendation, or else the visit and the slot."""
    of_visit = F.concat(F.lit("v#"), F.col("visit"), F.lit("#"), F.coalesce("slot", F.lit("")))
    return events.withColumn("list_id", F.coalesce("recommendation_id", of_visit))


def to_exposures(events: DataFrame, bots: DataFrame, served: DataFrame) -> DataFrame:
    """Return the exposures of the lists that events show; a day's are complete where its events are all there.

    Parameters
    ----------
    events
        Clean events of the days, and of those around them with other showings and with clicks.
    bots
        `visit` and `is_bot` of the visits that are a bot's.
    served
        From `collect_served`.
    """
    rows = _with_clicks(find_showings(events), add_list(events.where(F.col("event_type") == "Click")))
    # One order of the rows of a list, user and item gives all that follows, so that they are shuffled and sorted once.
    by_time = Window.partitionBy(*KEY).orderBy("timestamp", F.col("shown").isNull())
    shown_at = F.min("shown.timestamp").over(by_time.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    within = F.col("timestamp") <= F.col("shown_at") + F.expr(f"INTERVAL {CLICK_THROUGH_HOURS} HOURS")
    is_impression = F.col("event_type") == "Impression"
    exposures = (
        rows.withColumn("shown_at", shown_at)
        .groupBy(*KEY)
        .agg(
            F.min("shown").alias("first"),
            F.coalesce(F.min(F.when(is_impression, F.col("place"))), F.min("place")).alias("position"),
            F.count_if("is_first").alias("times"),
            (F.count(F.when(is_impression, 1)) == 0).alias("implied"),
            F.min(F.when(F.col("shown").isNull() & within, F.col("timestamp"))).alias("clicked_at"),
        )
        .where(F.col("first").isNotNull())
        .select(
            *KEY,
            F.col("first.timestamp").alias("shown_at"),
            *(F.col(f"first.{name}").alias(name) for name in _LIST),
            *("position", "times", "implied", "clicked_at"),
        )
    )
    exposures = exposures.join(bots, "visit", "left").join(served, "recommendation_id", "left")
    # By the day of each exposure, as which days are built together must not matter.
    earliest, latest = (
        F.date_format(F.date_add("shown_at", days), "yyyy-MM-dd") for days in (-DAYS_AROUND, DELIVERY_DAYS)
    )
    lists = F.filter("lists", lambda entry: entry["ingest_date"].between(earliest, latest))
    exposures = exposures.withColumn("answer", F.get(F.array_sort(lists), F.lit(0)))
    return exposures.withColumns(
        {
            "is_bot": F.coalesce("is_bot", F.lit(False)),
            "served": F.when(F.col("recommendation_id").isNotNull(), F.col("answer").isNotNull()),
            "served_route": F.col("answer.route"),
            "served_version": F.col("answer.version"),
            DAY: F.date_format("shown_at", "yyyy-MM-dd"),
        }
    )


def collect_served(served: DataFrame) -> DataFrame:
    """Return `lists`, of each recommendation the first served list of each day on which some were delivered."""
    entry = F.struct("served_at", "served_id", "route", "version", "ingest_date")
    days = served.where("recommendation_id IS NOT NULL").groupBy("recommendation_id", "ingest_date")
    return (
        days.agg(F.min(entry).alias("entry")).groupBy("recommendation_id").agg(F.collect_list("entry").alias("lists"))
    )


def _with_clicks(showings: DataFrame, clicks: DataFrame) -> DataFrame:
    """Return the showings, with `shown` for what the first decides, and the clicks, for which it is NULL."""
    sent = F.when(F.col("event_type") == "Impression", F.col("position_in_list"))
    place = F.coalesce(sent, F.col("place"))
    shown = F.struct("timestamp", "event_rank", "event_id", *_LIST).alias("shown")
    rows = showings.select(*KEY, "timestamp", "event_type", place.alias("place"), "is_first", shown)
    return rows.unionByName(clicks.select(*KEY, "timestamp"), allowMissingColumns=True)
