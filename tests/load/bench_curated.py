"""The job of curated tables on generated events, beside DuckDB with the same tables from the same files.

The peer is the reference that tests compare the job with; both build all tables from the whole lake with two threads.
Spark has the settings of the laptop's Glue. Each runs in a process of its own, whose start has a column of its own.

`one_user_million` and `one_user` have a million and ten million events of one user in one session, for Spark alone,
whose tables must have the rows that follow. They are measured only where they are named.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pyarrow.dataset as ds
import pyarrow.parquet as pq

from backend.contract.curated import TABLES
from tests.factories.analytics.reference import PYTHON, write_script
from tests.factories.data_sets.small_spark import glue_environment
from tests.load.bench_etl import (
    FOLDER,
    ONE_USER,
    ROOT,
    START,
    THREADS,
    make_lake,
    make_lake_of_one_user,
    measure,
    to_row,
    to_row_alone,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARTS = {"small": 200_000, "million": 1_000_000, **ONE_USER}

_SPARK = """
from scripts.curated.build import curate
from scripts.curated.options import read_options
manifest = curate(spark, read_options(sys.argv[1:]))
print(json.dumps({**measured(), "read": manifest["rows_in"]}))
"""
_DUCKDB = """
import duckdb, json, resource, sys, time
connection = duckdb.connect(config={"threads": int(sys.argv[1])})
ready, started, used = time.time(), time.perf_counter(), time.process_time()
connection.execute(sys.stdin.read())
print(json.dumps({
    "ready": ready,
    "seconds": time.perf_counter() - started,
    "cpu_seconds": time.process_time() - used,
    "memory_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    "read": connection.execute("SELECT count(*) FROM lake_events").fetchone()[0],
}))
"""


def run(*parts: str) -> Iterator[dict[str, Any]]:
    """Measure both for each number of events, and yield one row for each."""
    for part in parts or [part for part in PARTS if part not in ONE_USER]:
        yield from _measure_one_user(PARTS[part]) if part in ONE_USER else _measure_both(PARTS[part])


def _measure_both(count: int) -> Iterator[dict[str, Any]]:
    lake = make_lake(count)
    curated, reference = _empty_folder("curated"), _empty_folder("curated-duckdb")
    spark = measure(_command(lake, curated), glue_environment(ROOT))
    script = write_script(lake, reference)
    duckdb = measure([str(PYTHON), "-c", _DUCKDB, str(THREADS)], dict(os.environ), script)
    expected = {
        table.name: pq.read_metadata(reference / f"{table.name}.parquet").num_rows
        for table in TABLES
        if table.name != "builds"
    }
    _compare(curated, expected)
    yield to_row("DuckDB", duckdb, duckdb)
    yield to_row("Spark local[2]", spark, duckdb)


def _measure_one_user(count: int) -> Iterator[dict[str, Any]]:
    lake, expected = make_lake_of_one_user(count)
    curated = _empty_folder("curated")
    spark = measure(_command(lake, curated), glue_environment(ROOT), timeout_seconds=3 * 3_600)
    if spark["read"] != expected["rows_in"]:
        raise AssertionError(f"Spark has read {spark['read']} of {expected['rows_in']} rows")
    _compare(curated, {table.name: expected[table.name] for table in TABLES if table.name in expected})
    yield to_row_alone("Spark local[2]", spark)


def _command(lake: Path, curated: Path) -> list[str]:
    arguments = ["--lake", f"{lake}/", "--curated", f"{curated}/", "--run_id", "spark"]
    return [sys.executable, "-c", START + _SPARK, *arguments]


def _empty_folder(name: str) -> Path:
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _compare(curated: Path, expected: dict[str, int]) -> None:
    """Compare the numbers of rows of the tables with those that are expected."""
    for name, rows in expected.items():
        files = [str(path) for path in (curated / name).rglob("*.parquet")]
        found = ds.dataset(files, format="parquet").count_rows() if files else 0
        if found != rows:
            raise AssertionError(f"{name}: Spark has {found} rows, not {rows}")
