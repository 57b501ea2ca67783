"""Writes the data sets: CSV as Personalize reads it, and the manifest that says the run is whole."""

from __future__ import annotations

import json
from functools import reduce
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it
from pyspark.sql import types as T  # noqa: N812

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

# Neither can stand in a value: the contract refuses control characters.
_NEVER_A_SEPARATOR = "\u0001"
_NEVER_A_QUOTE = "\u0002"


def write_csv(rows: DataFrame, folder: str) -> None:
    r"""Write a data set as CSV files with a header each.

    Values with a comma, a quote or a backslash stand in double quotes with `\` before quotes and backslashes
    (https://docs.aws.amazon.com/personalize/latest/dg/data-prep-formatting.html); nulls are empty. Spark's own CSV
    leaves a backslash outside quotes as it is, which a reader that knows `\` escapes would swallow, so the lines are
    made here and Spark writes them as they are.
    """
    header = ",".join(rows.columns)
    values = [_value(rows, field) for field in rows.schema.fields]
    line = reduce(lambda left, right: F.concat(left, F.lit(","), right), values)
    writer = rows.select(line.alias(header)).write.mode("overwrite").option("header", "true")
    writer = writer.option("sep", _NEVER_A_SEPARATOR).option("quote", _NEVER_A_QUOTE).option("emptyValue", "")
    writer = writer.option("ignoreLeadingWhiteSpace", "false").option("ignoreTrailingWhiteSpace", "false")
    # Personalize would take Hadoop's marker for a file of data; the manifest is the sign that a run is whole.
    writer.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false").csv(folder)


def write_manifest(spark: SparkSession, manifest: dict[str, object], target: str) -> None:
    """Write `manifest.json`, the last file of a run: where it stands, the run is whole."""
    context: Any = spark.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(f"{target}manifest.json")  # noqa: SLF001 - the way to Hadoop's files
    files = path.getFileSystem(context._jsc.hadoopConfiguration())  # noqa: SLF001
    stream = files.create(path, True)
    try:
        stream.write(bytearray(json.dumps(manifest, indent=2).encode() + b"\n"))
    finally:
        stream.close()


def clear(spark: SparkSession, target: str) -> None:
    """Remove what an earlier attempt at the run has left."""
    context: Any = spark.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(target)  # noqa: SLF001 - the way to Hadoop's files
    path.getFileSystem(context._jsc.hadoopConfiguration()).delete(path, True)  # noqa: SLF001


def _value(rows: DataFrame, field: T.StructField) -> Column:
    column = rows[field.name]
    if not isinstance(field.dataType, T.StringType):
        return F.coalesce(column.cast("string"), F.lit(""))
    special = column.contains('"') | column.contains(",") | column.contains("\\")
    escaped = F.replace(F.replace(column, F.lit("\\"), F.lit("\\\\")), F.lit('"'), F.lit('\\"'))
    quoted = F.concat(F.lit('"'), escaped, F.lit('"'))
    return F.coalesce(F.when(special, quoted).otherwise(column), F.lit(""))
