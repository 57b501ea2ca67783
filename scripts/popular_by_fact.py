"""Ranks items among the users who share a fact, such as an age group: lists for visitors who state that fact."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the usual alias

from scripts.transforms.values import SEPARATOR, categorical

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

FACTS = ("age_group", "gender", "country", "region", "city")

MIN_USERS = 10
"""A list of fewer users would be that of a few of them."""

MAX_VALUES = 50
"""Values of each fact that have a list, those of the most users."""

MAX_ITEMS = 100


def rank_by_fact(interactions: DataFrame, users: DataFrame) -> dict[str, dict[str, list[str]]]:
    """Return item ids by fact and value: the items with which the most users of that value have interacted.

    Parameters
    ----------
    interactions
        `user` and `item_id` of each interaction.
    users
        `user_id` and the facts of each user.
    """
    stated = _facts_of(users)
    pairs = interactions.select(F.col("user").alias("user_id"), "item_id")
    pairs = pairs.join(users.select("user_id"), "user_id", "left_semi").distinct().persist()
    active = stated.join(pairs.select("user_id").distinct(), "user_id", "left_semi")
    counted = active.groupBy("fact", "value").agg(F.count("*").alias("users")).where(F.col("users") >= MIN_USERS)
    values = _first(counted, ["fact"], ["value"], MAX_VALUES).select("fact", "value")
    items = pairs.join(active.join(F.broadcast(values), ["fact", "value"]), "user_id")
    ranked = items.groupBy("fact", "value", "item_id").agg(F.count("*").alias("users"))
    rows = _first(ranked, ["fact", "value"], ["item_id"], MAX_ITEMS).collect()
    pairs.unpersist()
    lists: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(rows, key=lambda row: (row["fact"], row["value"], row["place"])):
        lists[row["fact"]][row["value"]].append(row["item_id"])
    return lists


def _facts_of(users: DataFrame) -> DataFrame:
    """Return `user_id`, `fact` and `value`, a row for each value of a fact that has several."""
    facts = F.flatten(F.array(*map(_values_of, FACTS)))
    each = F.explode(F.array_distinct(facts)).alias("each")
    return users.select("user_id", each).select("user_id", "each.*").where("value != ''")


def _values_of(fact: str) -> Column:
    values = F.split(F.coalesce(categorical(fact), F.lit("")), f"[{SEPARATOR}]")
    return F.transform(values, lambda value: F.struct(F.lit(fact).alias("fact"), F.trim(value).alias("value")))


def _first(rows: DataFrame, groups: list[str], then_by: list[str], count: int) -> DataFrame:
    """Return the rows of the most users in each group, with their `place` from 1."""
    in_order = Window.partitionBy(*groups).orderBy(F.desc("users"), *then_by)
    return rows.withColumn("place", F.row_number().over(in_order)).where(F.col("place") <= count)
