"""Versions of items and users: a record with another content than the one before it starts a version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the usual alias
from pyspark.sql import types as T  # noqa: N812

from scripts import lake
from scripts.arguments import Window as ArrivalWindow
from scripts.curated.tables import schema_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_VALIDITY = ("valid_from", "valid_to", "is_current")


def has_records(spark: SparkSession, folder: str, table: str) -> bool:
    """Return whether the raw lake has records of `item_versions` or `user_versions`."""
    return lake.has_files(spark, f"{folder}{_kind(table)}/")


def read_versions(spark: SparkSession, folder: str, table: str) -> DataFrame:
    """Return the rows of `item_versions` or `user_versions` from all records of the raw lake, whenever they arrived."""
    names = [name for name in schema_of(table).names if name not in _VALIDITY]
    # All are read as text, as a value of another type would make the whole record unreadable.
    schema = T.StructType([T.StructField(name, T.StringType()) for name in (*names, "received_at")])
    records = lake.read_records(spark, f"{folder}{_kind(table)}/", schema, ArrivalWindow())
    return to_versions(records, names)


def to_versions(records: DataFrame, names: list[str]) -> DataFrame:
    """Return the versions of records; of those that arrived at once, the last line of the last file counts."""
    key, *content = names
    moment = F.coalesce(F.try_to_timestamp("arrival.moment"), F.try_to_timestamp("arrival.day"))
    arrived = F.date_trunc("millisecond", moment)
    usable = records.where(F.col("unreadable").isNull() & (F.coalesce(key, F.lit("")) != ""))
    usable = usable.withColumn("valid_from", arrived).withColumn("created_at", F.try_to_timestamp("created_at"))
    if "price" in names:
        usable = usable.withColumn("price", F.expr("try_cast(price AS double)"))
    usable = usable.where(F.col("valid_from").isNotNull())
    lines = F.struct("arrival.file", "arrival.block", "arrival.line")
    by_arrival = Window.partitionBy(key, "valid_from").orderBy(lines.desc())
    last = usable.withColumn("place", F.row_number().over(by_arrival)).where("place = 1")
    by_time = Window.partitionBy(key).orderBy("valid_from")
    content_of = F.struct(*content)
    before = F.lag(content_of).over(by_time)
    changed = last.withColumn("is_new", before.isNull() | ~content_of.eqNullSafe(before)).where("is_new")
    ended = F.lead("valid_from").over(by_time)
    return changed.select(*names, "valid_from", ended.alias("valid_to")).withColumn(
        "is_current", F.col("valid_to").isNull()
    )


def _kind(table: str) -> str:
    return table.removesuffix("_versions") + "s"
