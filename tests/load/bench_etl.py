"""The Spark job on a million generated events, beside DuckDB with the same job on the same files.

Both read the same lake with two threads, keep the first copy of each event, drop events that are not interactions,
give anonymous events to the users of their sessions by the rule of identity, and write CSV of the interactions and the
latest items and users. Each runs in a process of its own, whose start is not part of the measured time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.contract import Event, event_id_of, read_event
from data.generator import Settings, generate
from tests.integration.datasets.lakes import SCHEMA, write_events, write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "bench" / "etl"
EVENTS = 1_000_000
THREADS = 2
# About the size of Firehose's objects with its largest buffer, 128 MB of JSON.
ROWS_PER_FILE = 100_000
SETTINGS = Settings(items=5_000, users=40_000, events=EVENTS, until=datetime(2026, 11, 1, tzinfo=UTC))

_SPARK = """
import json, os, sys, time
from pyspark.sql import SparkSession
from scripts.arguments import read_arguments
from scripts.build import build_datasets
spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.session.timeZone", "UTC")

def cpu_seconds():
    fields = open(f"/proc/{spark._jvm.java.lang.ProcessHandle.current().pid()}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

started, used = time.perf_counter(), cpu_seconds()
manifest = build_datasets(spark, read_arguments(sys.argv[1:]))
print(json.dumps({
    "seconds": time.perf_counter() - started,
    "cpu_seconds": cpu_seconds() - used,
    "read": manifest["events_read"],
    "written": manifest["written"],
}))
"""


def run() -> list[dict[str, Any]]:
    """Measure both and return one row for each."""
    lake = _make_lake()
    spark = _measure(_spark_command(lake), _spark_environment())
    duckdb = _measure(_duckdb_command(lake), dict(os.environ))
    if spark["written"] != duckdb["written"]:
        raise AssertionError(f"Spark wrote {spark['written']}, DuckDB {duckdb['written']}")
    return [_row("DuckDB", duckdb, duckdb), _row("Spark local[2]", spark, duckdb)]


def _row(name: str, result: dict[str, Any], peer: dict[str, Any]) -> dict[str, Any]:
    return {
        "job": name,
        "rows": result["read"],
        "seconds": round(result["seconds"], 2),
        "CPU seconds": round(result["cpu_seconds"], 2),
        "rows/s": result["read"] / result["seconds"],
        "of DuckDB's": round(peer["seconds"] / result["seconds"], 3),
    }


def _measure(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    finished = subprocess.run(
        command, env=environment, cwd=FOLDER, capture_output=True, text=True, timeout=1200, check=False
    )
    if finished.returncode:
        raise RuntimeError(f"{command[0]} failed: {finished.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return result


def _spark_command(lake: Path) -> list[str]:
    return [
        sys.executable, "-c", _SPARK,
        "--lake", f"{lake}/", "--datasets", f"{FOLDER}/datasets/", "--run_id", "spark",
    ]  # fmt: skip


def _spark_environment() -> dict[str, str]:
    settings = f"--master local[{THREADS}] --driver-memory 2g --conf spark.ui.enabled=false"
    settings += " --conf spark.driver.host=127.0.0.1 --conf spark.driver.bindAddress=127.0.0.1"
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": f"{settings} pyspark-shell",
    }


def _duckdb_command(lake: Path) -> list[str]:
    python = ROOT / "build" / "env" / "emulator" / "bin" / "python"
    peer = Path(__file__).with_name("etl_duckdb.py")
    return [str(python), str(peer), str(lake), str(FOLDER / "datasets" / "duckdb"), str(THREADS)]


def _make_lake() -> Path:
    """Generate the lake on first use; it is always the same."""
    lake = FOLDER / f"raw-{EVENTS}-{len(SCHEMA.names)}"  # anew for further columns
    ready = lake.with_suffix(".ready")
    if not ready.exists():
        rows = _generate_rows()
        while part := list(islice(rows, ROWS_PER_FILE)):
            write_events(lake, part)
        stream = generate(SETTINGS)
        write_lines(lake, "items", "request-1", *stream.items)
        write_lines(lake, "users", "request-2", *stream.users)
        ready.touch()
    return lake


def _generate_rows() -> Iterator[dict[str, Any]]:
    now = datetime.now(UTC)
    for raw in generate(SETTINGS).events:
        event = read_event(raw.payload, now=now)
        if isinstance(event, Event) and event.consent == "granted":
            yield {
                **{name: getattr(event, name) for name in event.__struct_fields__},
                "event_id": event_id_of(event),
                "properties": json.dumps(event.properties) if event.properties else None,
                "received_at": datetime.fromtimestamp(raw.arrival_ms / 1000, UTC),
            }
