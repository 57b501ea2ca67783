"""Writes the data sets as CSV files for Personalize, and the manifest that marks a run as complete."""

from __future__ import annotations

import json
from functools import reduce
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F  # noqa: N812 - the usual alias
from pyspark.sql import types as T  # noqa: N812

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

# Neither occurs in a value: the contract refuses control characters.
_NEVER_A_SEPARATOR = "\u0001"
_NEVER_A_QUOTE = "\u0002"


def write_csv(rows: DataFrame, folder: str) -> None:
    r"""Write a data set as CSV files, each with a header.

    Values with a comma, a quote or a backslash are enclosed in double quotes, with `\` before quotes and backslashes
    (https://docs.aws.amazon.com/personalize/latest/dg/data-prep-formatting.html); nulls are empty. Spark's own CSV
    writer does not escape a backslash outside quotes, which a reader with `\` escapes would drop; therefore the lines
    are built here and Spark writes them unchanged.
    """
    header = ",".join(rows.columns)
    values = [_value(rows, field) for field in rows.schema.fields]
    line = reduce(lambda left, right: F.concat(left, F.lit(","), right), values)
    writer = rows.select(line.alias(header)).write.mode("overwrite").option("header", "true")
    writer = writer.option("sep", _NEVER_A_SEPARATOR).option("quote", _NEVER_A_QUOTE).option("emptyValue", "")
    writer = writer.option("ignoreLeadingWhiteSpace", "false").option("ignoreTrailingWhiteSpace", "false")
    # Personalize would import Hadoop's _SUCCESS marker as data; the manifest marks a run as complete instead.
    writer.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false").csv(folder)


def write_manifest(spark: SparkSession, manifest: dict[str, object], target: str) -> None:
    """Write `manifest.json`, the last file of a run, whose existence means that the run is complete."""
    write_object(spark, json.dumps(manifest, indent=2), f"{target}manifest.json")


def write_object(spark: SparkSession, text: str, address: str) -> None:
    """Write a text and a line end as one file, which replaces an earlier one."""
    context: Any = spark.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(address)  # noqa: SLF001 - PySpark's only access to Hadoop's files
    files = path.getFileSystem(context._jsc.hadoopConfiguration())  # noqa: SLF001
    stream = files.create(path, True)
    try:
        stream.write(bytearray(text.encode() + b"\n"))
    finally:
        stream.close()


def clear(spark: SparkSession, target: str) -> None:
    """Delete the files of an earlier attempt at the run."""
    context: Any = spark.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(target)  # noqa: SLF001 - PySpark's only access to Hadoop's files
    path.getFileSystem(context._jsc.hadoopConfiguration()).delete(path, True)  # noqa: SLF001


def _value(rows: DataFrame, field: T.StructField) -> Column:
    column = rows[field.name]
    if not isinstance(field.dataType, T.StringType):
        return F.coalesce(column.cast("string"), F.lit(""))
    special = column.contains('"') | column.contains(",") | column.contains("\\")
    escaped = F.replace(F.replace(column, F.lit("\\"), F.lit("\\\\")), F.lit('"'), F.lit('\\"'))
    quoted = F.concat(F.lit('"'), escaped, F.lit('"'))
    return F.coalesce(F.when(special, quoted).otherwise(column), F.lit(""))
