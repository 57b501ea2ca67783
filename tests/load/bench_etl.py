"""The Spark job on generated events, beside DuckDB with the same job on the same files.

Both read the same lake with two threads, keep the first copy of each event, drop events that are not interactions,
give anonymous events to the users of their sessions by the rule of identity, check reserved words, write CSV as
Personalize reads it of the interactions and the latest items and users, measure the profile of the manifest, and rank
items by users' facts. Spark has the settings of the laptop's Glue. Each runs in a process of its own, whose start has a
column of its own.

`one_user_million` and `one_user` have a million and ten million events of one user, for Spark alone, and are measured
only where they are named.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.contract import Event, event_id_of, read_event
from data.generator import Settings, generate
from tests.factories.analytics import one_user
from tests.factories.data_sets.lakes import SCHEMA, write_events, write_lines
from tests.factories.data_sets.small_spark import glue_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "bench" / "etl"
THREADS = 2
# About the size of Firehose's objects with its largest buffer, 128 MB of JSON.
ROWS_PER_FILE = 100_000

ONE_USER = {"one_user_million": 1_000_000, "one_user": 10_000_000}
PARTS = {"million": 1_000_000, "growth": 5_000_000, **ONE_USER}

START = """
import json, os, sys, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()

def cpu_seconds():
    fields = open(f"/proc/{spark._jvm.java.lang.ProcessHandle.current().pid()}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

def peak_memory():
    status = open(f"/proc/{spark._jvm.java.lang.ProcessHandle.current().pid()}/status").read()
    return int(status.split("VmHWM:")[1].split()[0])

ready, started, used = time.time(), time.perf_counter(), cpu_seconds()

def measured():
    return {
        "ready": ready,
        "seconds": time.perf_counter() - started,
        "cpu_seconds": cpu_seconds() - used,
        "memory_kib": peak_memory(),
    }
"""
"""Starts Spark and begins to measure; `measured()` returns the measurements."""

_SPARK = """
from scripts.arguments import read_arguments
from scripts.build import build_datasets
manifest = build_datasets(spark, read_arguments(sys.argv[1:]))
print(json.dumps({
    **measured(),
    "read": manifest["events_read"],
    "written": manifest["written"],
    "dropped": manifest["dropped"],
    "event_types": manifest["profile"]["trained"]["event_types"],
}))
"""


def run(*parts: str) -> Iterator[dict[str, Any]]:
    """Measure both for each number of events, and yield one row for each."""
    for part in parts or [part for part in PARTS if part not in ONE_USER]:
        yield from _measure_one_user(PARTS[part]) if part in ONE_USER else _measure_both(PARTS[part])


def _measure_both(count: int) -> Iterator[dict[str, Any]]:
    lake = make_lake(count)
    spark = measure(_spark_command(lake), glue_environment(ROOT))
    duckdb = measure(_duckdb_command(lake), dict(os.environ))
    spark["lists"] = json.loads((FOLDER / "datasets" / "popular-by-fact.json").read_text("utf-8"))["lists"]
    for name in ("read", "written", "dropped", "event_types", "lists"):
        if spark[name] != duckdb[name]:
            raise AssertionError(f"{name}: Spark has {spark[name]}, DuckDB {duckdb[name]}")
    yield to_row("DuckDB", duckdb, duckdb)
    yield to_row("Spark local[2]", spark, duckdb)


def _measure_one_user(count: int) -> Iterator[dict[str, Any]]:
    lake, expected = make_lake_of_one_user(count)
    spark = measure(_spark_command(lake), glue_environment(ROOT), timeout_seconds=3 * 3_600)
    found = {"rows_in": spark["read"], **spark["written"]}
    wrong = {name: rows for name, rows in found.items() if rows != expected[name]}
    if wrong:
        raise AssertionError(f"Spark has {wrong} of {expected}")
    yield to_row_alone("Spark local[2]", spark)


def to_row(name: str, result: dict[str, Any], peer: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the table."""
    return {**to_row_alone(name, result), "of DuckDB's": round(peer["seconds"] / result["seconds"], 3)}


def to_row_alone(name: str, result: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the table of measurements without a peer."""
    return {
        "job": name,
        "rows": result["read"],
        "start-up seconds": round(result["start_up"], 2),
        "seconds": round(result["seconds"], 2),
        "CPU seconds": round(result["cpu_seconds"], 2),
        "MiB": round(result["memory_kib"] / 1024),
        "rows/s": result["read"] / result["seconds"],
    }


def measure(
    command: list[str], environment: dict[str, str], text: str = "", timeout_seconds: int = 1_200
) -> dict[str, Any]:
    """Run a command with a text as its input, and return the JSON that it prints and `start_up`, in seconds."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    started = time.time()
    finished = subprocess.run(
        command,
        env=environment,
        cwd=FOLDER,
        input=text,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    if finished.returncode:
        raise RuntimeError(f"{command[0]} failed: {finished.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return {**result, "start_up": result["ready"] - started}


def _spark_command(lake: Path) -> list[str]:
    arguments = ["--lake", f"{lake}/", "--datasets", f"{FOLDER}/datasets/", "--run_id", "spark"]
    return [sys.executable, "-c", START + _SPARK, *arguments]


def _duckdb_command(lake: Path) -> list[str]:
    python = ROOT / "build" / "env" / "emulator" / "bin" / "python"
    peer = Path(__file__).with_name("etl_duckdb.py")
    return [str(python), str(peer), str(lake), str(FOLDER / "datasets" / "duckdb"), str(THREADS)]


def make_lake(count: int) -> Path:
    """Generate a lake of about as many events on first use; it is always the same."""
    lake = FOLDER / f"raw-{count}-{len(SCHEMA.names)}"  # anew for further columns
    ready = lake.with_suffix(".ready")
    if not ready.exists():
        settings = Settings(items=5_000, users=count // 25, events=count, until=datetime(2026, 11, 1, tzinfo=UTC))
        rows = _generate_rows(settings)
        while part := list(islice(rows, ROWS_PER_FILE)):
            write_events(lake, part)
        stream = generate(settings)
        write_lines(lake, "items", "request-1", *stream.items)
        write_lines(lake, "users", "request-2", *stream.users)
        ready.touch()
    return lake


def make_lake_of_one_user(count: int) -> tuple[Path, dict[str, int]]:
    """Write a lake of so many events of one user, and return the numbers of rows that follow."""
    lake = FOLDER / f"one-user-{count}"
    shutil.rmtree(lake, ignore_errors=True)
    return lake, one_user.write_lake(lake, count, ROWS_PER_FILE)


def _generate_rows(settings: Settings) -> Iterator[dict[str, Any]]:
    now = datetime.now(UTC)
    for raw in generate(settings).events:
        event = read_event(raw.payload, now=now)
        if isinstance(event, Event) and event.consent == "granted":
            yield {
                **{name: getattr(event, name) for name in event.__struct_fields__},
                "event_id": event_id_of(event),
                "properties": json.dumps(event.properties) if event.properties else None,
                "received_at": datetime.fromtimestamp(raw.arrival_ms / 1000, UTC),
            }
