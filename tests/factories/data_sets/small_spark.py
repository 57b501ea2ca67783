"""A small Spark session for tests of the jobs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pyspark.sql import SparkSession

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
    return session
