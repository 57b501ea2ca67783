"""Reads the curated tables and stages new files of their days, which `publication` then puts in place."""

from __future__ import annotations

import math
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F  # noqa: N812 - the usual alias
from pyspark.sql import types as T  # noqa: N812

from scripts import lake
from scripts.curated.files import Files
from scripts.curated.generated import COLUMNS, PARTITIONS
from scripts.curated.publication import STAGING, Replacement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

DAY, BUCKET = "event_date", "bucket"

# Compressed, an event has 50 to 90 bytes, so that a file has 128 to 256 MB, as Athena reads them best.
# https://docs.aws.amazon.com/athena/latest/ug/performance-tuning-data-optimization-techniques.html
ROWS_PER_FILE = 2_500_000

_FOLDER_OF_DAY = re.compile(rf"{DAY}=(\d{{4}}-\d\d-\d\d)")

_TYPES: dict[str, T.DataType] = {
    "string": T.StringType(),
    "bigint": T.LongType(),
    "double": T.DoubleType(),
    "boolean": T.BooleanType(),
    "timestamp": T.TimestampType(),
    "array<string>": T.ArrayType(T.StringType()),
    "array<bigint>": T.ArrayType(T.LongType()),
}


def schema_of(table: str) -> T.StructType:
    """Return the columns of a table's files and, last, that of its partition."""
    fields = [T.StructField(name, _TYPES[kind]) for name, kind in COLUMNS[table].items()]
    partition = PARTITIONS[table]
    return T.StructType([*fields, *([T.StructField(partition, T.StringType())] if partition else [])])


@dataclass
class Tables:
    """The curated tables as published, and the days that a run has staged beside them.

    Attributes
    ----------
    sizes
        Events by day, from which the number of files of a day follows.
    staged
        By table, the changed days with the names of their new files.
    staged_whole
        The changed tables without days, with the names of their new files.
    """

    spark: SparkSession
    folder: str
    run_id: str
    sizes: dict[str, int] = field(default_factory=dict)
    staged: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    staged_whole: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Connect to the files."""
        self.files = Files(self.spark, self.folder)

    @property
    def staging(self) -> str:
        """Folder of the run's new files, relative to that of the tables."""
        return f"{STAGING}/{self.run_id}"

    def days(self, table: str) -> set[str]:
        """Return the days that a table has."""
        found = (_FOLDER_OF_DAY.fullmatch(name) for name in self.files.names(table))
        return {folder[1] for folder in found if folder}

    def published(self, table: str, days: Iterable[str]) -> DataFrame:
        """Return the published rows of days; those that the table lacks have none."""
        wanted = sorted({*days} & self.days(table))
        return self._read(table, f"{self.folder}{table}", wanted)

    def latest(self, table: str, days: Iterable[str]) -> DataFrame:
        """Return the rows of days as they will be published: staged where the day has changed."""
        wanted = {*days}
        staged = self.staged.get(table, {})
        kept = self.published(table, wanted - {*staged})
        new = [day for day, files in staged.items() if day in wanted and files]
        if not new:
            return kept
        return kept.unionByName(self._read(table, f"{self.folder}{self.staging}/{table}", sorted(new)))

    def stage(
        self,
        table: str,
        rows: DataFrame,
        days: Iterable[str],
        order: tuple[str, ...],
        finish: Callable[[DataFrame], DataFrame] = lambda rows: rows,
        **facts: Column,
    ) -> dict[str, dict[str, Any]]:
        """Write the rows of whole days beside the table, and keep those of days whose content has changed.

        Parameters
        ----------
        rows
            All rows that the table shall have on `days`, with the column of the day.
        order
            The columns that a day's files are sorted by; the first decides which of a day's files holds a row.
        finish
            Transforms the rows once those of a day's file are together.
        facts
            Aggregates over the new rows of each day, by name.

        Returns
        -------
        dict
            By day that has or had rows, `rows`, `changed` and the facts.
        """
        wanted = {*days}
        written = f"{self.folder}{self.staging}/{table}"
        bucket = F.pmod(F.xxhash64(order[0]), self._files_of_day(wanted))
        together = finish(rows.withColumn(BUCKET, bucket).repartition(DAY, BUCKET))
        ordered = together.sortWithinPartitions(DAY, BUCKET, *order).select(*schema_of(table).names)
        ordered.write.mode("overwrite").partitionBy(DAY).option("compression", "zstd").parquet(written)
        folders = {name.removeprefix(f"{DAY}="): name for name in self.files.names(f"{self.staging}/{table}")}
        filled = sorted(wanted & {*folders})
        old_rows = self.published(table, wanted) if wanted & self.days(table) else None
        new, old = compare(self._read(table, written, filled), old_rows, DAY, **facts)
        names = self.staged.setdefault(table, {})
        for day in changed_days(new, old):
            names[day] = self.files.data_files(f"{self.staging}/{table}/{folders[day]}") if day in new else []
        built = {day: new.get(day, {"rows": 0, **dict.fromkeys(facts)}) for day in sorted({*new, *old})}
        return {day: {**found, "changed": day in names} for day, found in built.items()}

    def stage_whole(self, table: str, rows: DataFrame, order: Sequence[str]) -> dict[str, Any]:
        """Write a table without days beside it, to replace it if its content has changed; return `rows`, `changed`."""
        written = f"{self.staging}/{table}"
        ordered = rows.select(*schema_of(table).names).coalesce(1).sortWithinPartitions(*order)
        ordered.write.mode("overwrite").option("compression", "zstd").parquet(f"{self.folder}{written}")
        old_rows = self._read_whole(table, table) if self.files.data_files(table) else None
        new, old = compare(self._read_whole(table, written), old_rows)
        is_changed = _content(new.get(None)) != _content(old.get(None))
        if is_changed:
            self.staged_whole[table] = self.files.data_files(written)
        return {"rows": new.get(None, {}).get("rows", 0), "changed": is_changed}

    def replacements(self) -> list[Replacement]:
        """Return which files of days replace which: the clean events first, from which all else follows."""
        staged = [(table, day) for table in COLUMNS for day in sorted(self.staged.get(table, {}))]
        return self._replace({f"{table}/{DAY}={day}": self.staged[table][day] for table, day in staged})

    def replacements_whole(self) -> list[Replacement]:
        """Return which files of tables without days replace which."""
        return self._replace(self.staged_whole)

    def latest_whole(self, table: str) -> DataFrame:
        """Return a table without days as it will be published."""
        return self._read_whole(table, f"{self.staging}/{table}" if table in self.staged_whole else table)

    def _replace(self, folders: Mapping[str, list[str]]) -> list[Replacement]:
        replacements = []
        for inner, written in folders.items():
            added = {f"part-{number:03}.parquet": name for number, name in enumerate(written)}
            removed = [name for name in self.files.data_files(inner) if name not in added]
            replacements.append(Replacement(inner, f"{self.staging}/{inner}", added, removed))
        return replacements

    def _read(self, table: str, folder: str, days: list[str]) -> DataFrame:
        if not days:
            return lake.no_rows(self.spark, schema_of(table))
        reader = self.spark.read.schema(schema_of(table)).option("basePath", folder)
        return reader.parquet(*(f"{folder}/{DAY}={day}" for day in days))

    def _read_whole(self, table: str, folder: str) -> DataFrame:
        if not self.files.data_files(folder):
            return lake.no_rows(self.spark, schema_of(table))
        return self.spark.read.schema(schema_of(table)).parquet(f"{self.folder}{folder}")

    def _files_of_day(self, days: set[str]) -> Column:
        """Return the number of files of a row's day: as many as its clean events have or will have."""
        count = F.lit(1)
        for day in sorted(days):
            known = self.sizes.get(day)
            files = (
                math.ceil(known / ROWS_PER_FILE) if known else len(self.files.data_files(f"clean_events/{DAY}={day}"))
            )
            if files > 1:
                count = F.when(F.col(DAY) == day, files).otherwise(count)
        return count


def run_together(*jobs: Callable[[], Any]) -> list[Any]:
    """Run jobs that do not depend on one another, so that the driver plans one while the tasks of another run.

    The results are in the order of the jobs; of several errors the first is raised, once all jobs have ended.
    """
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [job.result() for job in [pool.submit(job) for job in jobs]]


def compare(
    new: DataFrame, old: DataFrame | None, day: str | None = None, **facts: Column
) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Return by day the number of new and old rows, a digest that does not depend on their order, and facts.

    Parameters
    ----------
    old
        None for no rows, so that the new ones are only counted.
    day
        The column of the day, which the digest leaves out; without it, all rows are of the day None.
    """
    of_day = (F.col(day) if day else F.lit(None).cast("string")).alias("day")
    aggregates = {"rows": F.count("*"), "digest": F.lit(None), **facts}
    rows = new.withColumn("is_new", F.lit(True))
    if old is not None:
        columns = [name for name in new.columns if name != day]
        # A hash of several columns skips NULL, so that a value would weigh the same in the next column.
        nulls = F.expr(f"concat({', '.join(f'int(isnull(`{name}`))' for name in columns)})")
        aggregates["digest"] = F.bit_xor(F.xxhash64(*columns, nulls))
        rows = rows.unionByName(old.withColumn("is_new", F.lit(False)))
    values = [value.alias(name) for name, value in aggregates.items()]
    sides: dict[bool, dict[Any, Any]] = {True: {}, False: {}}
    for row in rows.groupBy(of_day, "is_new").agg(*values).collect():
        sides[row["is_new"]][row["day"]] = {name: row[name] for name in aggregates}
    return sides[True], sides[False]


def changed_days(new: Mapping[Any, Any], old: Mapping[Any, Any]) -> list[Any]:
    """Return the days of a comparison whose content differs, the oldest first."""
    return [day for day in sorted({*new, *old}) if _content(new.get(day)) != _content(old.get(day))]


def _content(facts: Mapping[str, Any] | None) -> tuple[int, int]:
    return (facts["rows"], facts["digest"]) if facts else (0, 0)
