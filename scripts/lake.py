"""Reads the raw lake: events in Parquet and records in JSON lines, by partition of arrival."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F  # noqa: N812 - the usual alias
from pyspark.sql import types as T  # noqa: N812

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import Column, DataFrame, SparkSession

    from scripts.arguments import Window

EVENTS = T.StructType(
    [
        T.StructField("event_id", T.StringType()),
        T.StructField("user_id", T.StringType()),
        T.StructField("session_id", T.StringType()),
        T.StructField("item_id", T.StringType()),
        T.StructField("timestamp", T.TimestampType()),
        T.StructField("event_type", T.StringType()),
        T.StructField("event_value", T.DoubleType()),
        T.StructField("impression", T.ArrayType(T.StringType())),
        T.StructField("recommendation_id", T.StringType()),
        T.StructField("consent", T.StringType()),
        T.StructField("received_at", T.TimestampType()),
        T.StructField("device", T.StringType()),
    ]
)
ITEMS = T.StructType(
    [
        T.StructField("item_id", T.StringType()),
        T.StructField("title", T.StringType()),
        T.StructField("category", T.StringType()),
        T.StructField("brand", T.StringType()),
        T.StructField("price", T.DoubleType()),
        T.StructField("availability", T.StringType()),
        T.StructField("description", T.StringType()),
        T.StructField("created_at", T.StringType()),
        T.StructField("received_at", T.StringType()),
    ]
)
USERS = T.StructType(
    [
        T.StructField("user_id", T.StringType()),
        T.StructField("age_group", T.StringType()),
        T.StructField("gender", T.StringType()),
        T.StructField("interests", T.StringType()),
        T.StructField("membership", T.StringType()),
        T.StructField("country", T.StringType()),
        T.StructField("region", T.StringType()),
        T.StructField("city", T.StringType()),
        T.StructField("device", T.StringType()),
        T.StructField("received_at", T.StringType()),
    ]
)
SERVED_LISTS = T.StructType(
    [
        T.StructField("served_id", T.StringType()),
        T.StructField("served_at", T.TimestampType()),
        T.StructField("route", T.StringType()),
        T.StructField("recommendation_id", T.StringType()),
        T.StructField("version", T.StringType()),
    ]
)
_EVENT_PARTITIONS = (T.StructField("ingest_date", T.StringType()), T.StructField("ingest_hour", T.StringType()))

# Firehose retries a delivery to S3 for up to 24 hours, so an event's partition can be that much later than its arrival.
# https://docs.aws.amazon.com/firehose/latest/dev/retry.html
LATEST_DELIVERY = timedelta(hours=25)


def read_events(spark: SparkSession, lake: str, window: Window, columns: T.StructType = EVENTS) -> DataFrame:
    """Read the events that arrived within a window, duplicates included.

    `received_at` is the hour of the partition where a producer that writes directly to the stream has not set it.
    """
    folder = f"{lake}events/"
    folders = _folders_of_days(spark, folder, window)
    if not folders:
        return no_rows(spark, columns)
    schema = T.StructType([*columns.fields, *_EVENT_PARTITIONS])
    events = spark.read.schema(schema).option("basePath", folder).parquet(*folders)
    hour = F.concat_ws(" ", F.col("ingest_date"), F.concat(F.col("ingest_hour"), F.lit(":00:00")))
    if window.start:
        events = events.where(hour >= f"{window.start:%Y-%m-%d %H}:00:00")
    if window.end:
        events = events.where(hour < f"{window.end + LATEST_DELIVERY:%Y-%m-%d %H}:00:00")
    events = events.withColumn("received_at", F.coalesce("received_at", F.try_to_timestamp(hour)))
    return events.where(is_within("received_at", window)).drop("ingest_date", "ingest_hour")


def read_records(spark: SparkSession, folder: str, schema: T.StructType, window: Window) -> DataFrame:
    """Read every version of the items or users that arrived before a window's end.

    The columns are the schema's, `unreadable` (the text of an invalid line, otherwise null) and `arrival`, which orders
    the versions of a record by arrival.
    """
    if not has_files(spark, folder):
        return no_rows(spark, T.StructType([*schema.fields, *_ADDED]))
    read = T.StructType([*schema.fields, _ADDED[0], T.StructField("ingest_date", T.StringType())])
    records = spark.read.schema(read).option("columnNameOfCorruptRecord", "unreadable").json(folder)
    if window.end:
        records = records.where(F.col("ingest_date") <= f"{window.end:%Y-%m-%d}")
    moment = F.coalesce("received_at", F.date_format("_metadata.file_modification_time", "yyyy-MM-dd'T'HH:mm:ss.SSSX"))
    arrival = F.struct(
        F.col("ingest_date").alias("day"),
        moment.alias("moment"),
        F.col("_metadata.file_path").alias("file"),
        # A large file is read in blocks, each in order, so that a later line of a block has a greater number.
        F.col("_metadata.file_block_start").alias("block"),
        F.monotonically_increasing_id().alias("line"),
    )
    return records.select(*schema.names, "unreadable", arrival.alias("arrival"))


def read_served_lists(spark: SparkSession, lake: str, days: Iterable[str]) -> DataFrame:
    """Read the lists that the API answered, as far as they were delivered on some days, with `ingest_date`."""
    schema = T.StructType([*SERVED_LISTS.fields, _EVENT_PARTITIONS[0]])
    folder = f"{lake}served_lists/"
    wanted = {f"ingest_date={day}" for day in days}
    folders = [f"{folder}{name}" for name in _names(spark, folder) if name in wanted]
    if not folders:
        return no_rows(spark, schema)
    return spark.read.schema(schema).option("basePath", folder).parquet(*folders)


def find_days_of_served_lists(spark: SparkSession, lake: str, window: Window, days_before: int) -> list[str]:
    """Return the days of the partitions that can have served lists which were delivered within a window.

    A list that Firehose delivers late is in the partition of its arrival, at most so many days before the window.
    """
    days = [name.removeprefix("ingest_date=") for name in _names(spark, f"{lake}served_lists/")]
    first = f"{window.start - timedelta(days=days_before):%Y-%m-%d}" if window.start else ""
    last = f"{window.end:%Y-%m-%d}" if window.end else "a"
    return [day for day in days if first <= day <= last]


def no_rows(spark: SparkSession, schema: T.StructType) -> DataFrame:
    """Return a table without rows, which Spark removes from plans, as it does not with one that it is given as data."""
    columns = (F.lit(None).cast(field.dataType).alias(field.name) for field in schema.fields)
    return spark.range(1).where(F.lit(False)).select(*columns)


def has_files(spark: SparkSession, folder: str) -> bool:
    """Return whether a folder contains any data, at any depth."""
    path, files = _open(spark, folder)
    if not files.exists(path):
        return False
    found = files.listFiles(path, True)
    while found.hasNext():
        if found.next().getLen() > 0:
            return True
    return False


def size_bytes(spark: SparkSession, folder: str) -> int:
    """Return the total size of the files below a folder, 0 where it does not exist."""
    path, files = _open(spark, folder)
    return int(files.getContentSummary(path).getLength()) if files.exists(path) else 0


def _folders_of_days(spark: SparkSession, folder: str, window: Window) -> list[str]:
    """Return the folders that can have events of a window: of a bounded one not the whole history is listed."""
    if not window.start:
        return [folder] if has_files(spark, folder) else []
    first = f"ingest_date={window.start:%Y-%m-%d}"
    last = f"ingest_date={window.end + LATEST_DELIVERY:%Y-%m-%d}" if window.end else "ingest_date=a"
    return [f"{folder}{name}" for name in _names(spark, folder) if first <= name <= last]


def _names(spark: SparkSession, folder: str) -> list[str]:
    """Return the names of the files and folders in a folder, sorted; none where it does not exist."""
    path, files = _open(spark, folder)
    return sorted(status.getPath().getName() for status in files.listStatus(path)) if files.exists(path) else []


def _open(spark: SparkSession, folder: str) -> tuple[Any, Any]:
    """Return a folder's path and its file system, in Java."""
    context: Any = spark.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(folder)  # noqa: SLF001 - PySpark's only access to Hadoop's files
    return path, path.getFileSystem(context._jsc.hadoopConfiguration())  # noqa: SLF001


def is_within(column: str, window: Window) -> Column:
    """Return whether a column of times is within a window."""
    inside = F.lit(True)
    if window.start:
        inside = inside & (F.col(column) >= F.lit(window.start))
    if window.end:
        inside = inside & (F.col(column) < F.lit(window.end))
    return inside


_ADDED = (
    T.StructField("unreadable", T.StringType()),
    T.StructField(
        "arrival",
        T.StructType(
            [
                T.StructField("day", T.StringType()),
                T.StructField("moment", T.StringType()),
                T.StructField("file", T.StringType()),
                T.StructField("block", T.LongType()),
                T.StructField("line", T.LongType()),
            ]
        ),
    ),
)
