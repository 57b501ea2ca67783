"""Conversions: items that were added to a cart or bought, and the list that each is attributed to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts.curated.events import broadcast_if_small
from scripts.curated.generated import ATTRIBUTION_DAYS, CLICK_THROUGH_HOURS, VIEW_THROUGH_HOURS
from scripts.curated.tables import DAY

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

ORDER = ("user_key", "converted_at", "event_id")

_LIST = ("slot", "position", "model", "source", "variation")
_CONVERSIONS = ("AddToCart", "Purchase")
_HOUR_MICROS = 3_600_000_000


def to_conversions(events: DataFrame, exposures: DataFrame, bots: DataFrame, days: set[str]) -> DataFrame:
    """Return the conversions of some days.

    A window over a user's events and exposures with an item finds the last click and the last list before each, so
    that many clicks and many conversions of one item do not multiply.

    Parameters
    ----------
    events, exposures
        Those of the days, and of the 7 and 8 days before.
    bots
        `visit` and `is_bot` of the visits that are a bot's.
    """
    is_wanted = F.col("event_type").isin(*_CONVERSIONS) & F.col(DAY).isin(sorted(days))
    # Few of the exposures are of a user and an item with a conversion.
    pairs = broadcast_if_small(events.where(is_wanted).select("user_key", "item_id").distinct())
    exposures = exposures.join(pairs, ["user_key", "item_id"], "left_semi").persist(StorageLevel.MEMORY_AND_DISK)
    converted = _add_latest(events, exposures).where(is_wanted)
    converted = _add_names(converted)
    found = exposures.select(
        F.col("list_id").alias("named_list"),
        F.col("user_key").alias("named_user"),
        F.col("item_id").alias("named_item"),
        F.col("shown_at").alias("list_shown_at"),
        *(F.col(name).alias(f"list_{name}") for name in _LIST),
    )
    longest = F.when(F.col("attributed_by") == "click", CLICK_THROUGH_HOURS).otherwise(ATTRIBUTION_DAYS * 24)
    is_its_list = (
        (F.col("recommendation_id") == F.col("named_list"))
        & (F.col("user_key") == F.col("named_user"))
        & (F.col("item_id") == F.col("named_item"))
        & _is_at_most(F.col("list_shown_at"), F.col("named_at"), longest)
    )
    converted = converted.join(found, is_its_list, "left").join(bots, "visit", "left")
    values = {name: F.coalesce(name, f"list_{name}") for name in _LIST}
    hours = (F.unix_micros("converted_at") - F.unix_micros("clicked_at")) / F.lit(_HOUR_MICROS)
    return converted.withColumns({**values, "hours": hours, "is_bot": F.coalesce("is_bot", F.lit(False))})


def _add_latest(events: DataFrame, exposures: DataFrame) -> DataFrame:
    """Add `click`, the user's last click on the item with a recommendation, and `seen`, the last list with it."""
    is_needed = F.col("event_type").isin(*_CONVERSIONS)
    is_click = (F.col("event_type") == "Click") & F.col("recommendation_id").isNotNull()
    click = F.struct(F.col("timestamp").alias("at"), "recommendation_id", *_LIST)
    wanted = ("user_key", "item_id", "timestamp", "event_rank", "event_id", DAY, "event_type", "visit")
    sale = ("order_id", "quantity", "value", "currency", "recommendation_id", *_LIST)
    used = events.where(is_needed | is_click).select(*wanted, *sale, F.when(is_click, click).alias("click"))
    seen = F.struct(F.col("shown_at").alias("at"), "recommendation_id", "model").alias("seen")
    # A list that was seen at the time of a conversion was seen before it: its rank is less than that of any event.
    lists = exposures.where("recommendation_id IS NOT NULL").select(
        "user_key",
        "item_id",
        F.col("shown_at").alias("timestamp"),
        F.lit(-1).cast("long").alias("event_rank"),
        F.col("list_id").alias("event_id"),
        seen,
    )
    rows = used.unionByName(lists, allowMissingColumns=True)
    by_item = Window.partitionBy("user_key", "item_id").orderBy("timestamp", "event_rank", "event_id")
    before = by_item.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    rows = rows.withColumn("click", F.last("click", ignorenulls=True).over(before))
    return rows.withColumn("seen", F.last("seen", ignorenulls=True).over(before))


def _add_names(converted: DataFrame) -> DataFrame:
    """Add how a conversion is attributed, the list and what the naming event says of it, and the list seen before."""
    at = F.col("timestamp")
    is_explicit = F.col("recommendation_id").isNotNull()
    is_clicked = ~is_explicit & _is_at_most(F.col("click.at"), at, F.lit(ATTRIBUTION_DAYS * 24))
    how = F.when(is_explicit, "explicit").when(is_clicked, "click").otherwise("none")
    converted = converted.withColumn("attributed_by", how)
    by_click = F.col("attributed_by") == "click"
    is_seen = (F.col("attributed_by") == "none") & _is_at_most(F.col("seen.at"), at, F.lit(VIEW_THROUGH_HOURS))
    named = F.col("attributed_by") != "none"
    columns = {name: F.when(by_click, F.col(f"click.{name}")).when(named, F.col(name)) for name in _LIST}
    return converted.withColumns(
        {
            **columns,
            "recommendation_id": F.when(by_click, F.col("click.recommendation_id")).otherwise(
                F.col("recommendation_id")
            ),
            "quantity": F.coalesce("quantity", F.lit(1)),
            "converted_at": at,
            "clicked_at": F.when(by_click, F.col("click.at")),
            "named_at": F.when(by_click, F.col("click.at")).otherwise(at),
            "seen_recommendation_id": F.when(is_seen, F.col("seen.recommendation_id")),
            "seen_model": F.when(is_seen, F.col("seen.model")),
            "seen_at": F.when(is_seen, F.col("seen.at")),
        }
    )


def _is_at_most(earlier: Column, later: Column, hours: Column) -> Column:
    """Return whether one time is before another by at most some hours; never null."""
    micros = F.unix_micros(later) - F.unix_micros(earlier)
    return F.coalesce((micros >= 0) & (micros <= hours * F.lit(_HOUR_MICROS)), F.lit(False))
