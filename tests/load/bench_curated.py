"""The job of curated tables on generated events, beside DuckDB with the same tables from the same files.

The peer is the reference that tests compare the job with; both build all tables from the whole lake with two threads.
Spark has the settings of the laptop's Glue. Each runs in a process of its own, whose start has a column of its own.
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
from tests.load.bench_etl import FOLDER, START, THREADS, make_lake, measure, spark_environment, to_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARTS = {"small": 200_000, "million": 1_000_000}

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
    for part in parts or PARTS:
        lake = make_lake(PARTS[part])
        curated, reference = FOLDER / "curated", FOLDER / "curated-duckdb"
        for folder in (curated, reference):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        arguments = ["--lake", f"{lake}/", "--curated", f"{curated}/", "--run_id", "spark"]
        spark = measure([sys.executable, "-c", START + _SPARK, *arguments], spark_environment())
        script = write_script(lake, reference)
        duckdb = measure([str(PYTHON), "-c", _DUCKDB, str(THREADS)], dict(os.environ), script)
        _compare(curated, reference)
        yield to_row("DuckDB", duckdb, duckdb)
        yield to_row("Spark local[2]", spark, duckdb)


def _compare(curated: Path, reference: Path) -> None:
    """Compare the numbers of rows of the tables, but for the log of builds."""
    for table in TABLES:
        if table.name != "builds":
            expected = pq.read_metadata(reference / f"{table.name}.parquet").num_rows
            files = [str(path) for path in (curated / table.name).rglob("*.parquet")]
            found = ds.dataset(files, format="parquet").count_rows() if files else 0
            if found != expected:
                raise AssertionError(f"{table.name}: Spark has {found} rows, DuckDB {expected}")
