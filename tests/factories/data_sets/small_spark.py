"""Small Spark sessions for tests of the jobs: one in this process, and that of the laptop's Glue for others."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession

from deployment.emulator.settings import SPARK_SETTINGS

if TYPE_CHECKING:
    from pathlib import Path


def start_spark(warehouse: Path) -> SparkSession:
    """Start a session of two threads, with the settings that cost least where inputs are tiny."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session: SparkSession = (
        SparkSession.builder.master("local[2]")
        .appName("tests")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.memory", "1g")
        # For tiny inputs the second compiler and parallel collection take longer than they save. The first one alone
        # has 48 MB for its code, which many runs fill; then Java compiles nothing more.
        .config(
            "spark.driver.extraJavaOptions",
            "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=240m",
        )
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        # Each stage of an adaptive plan is a job of its own.
        .config("spark.sql.adaptive.enabled", "false")
        # So does code generation.
        .config("spark.sql.codegen.wholeStage", "false")
        # Without it, a run compiles again what the run before compiled: the cache holds 100 classes by default.
        .config("spark.sql.codegen.cache.maxEntries", "5000")
        .config("spark.sql.warehouse.dir", str(warehouse))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    # PySpark looks up this class in Java for each call of a function, which takes an eighth of a run of a job.
    jvm: Any = session.sparkContext._jvm
    jvm.functions = jvm.functions
    return session


def glue_environment(python_path: Path) -> dict[str, str]:
    """Return the environment of a process whose Spark session has the settings of the laptop's Glue."""
    settings = " ".join(f"--conf {shlex.quote(f'{name}={value}')}" for name, value in SPARK_SETTINGS.items())
    return {
        **os.environ,
        "PYTHONPATH": str(python_path),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": f"{settings} pyspark-shell",
    }
