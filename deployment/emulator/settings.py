"""The settings of one run of the emulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "000000000000"
"""The one account of the laptop's cloud."""

HOST = "127.0.0.1"
"""Only this machine may reach the emulator: without ``--enforce-iam`` it checks no signature."""

# Two cores and little memory, listeners on loopback only, and times in UTC as on AWS.
SPARK_SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    # A short job ends before the second compiler pays off; parallel collection takes a core from its two tasks. The
    # first compiler alone has 48 MB for its code, and compiles nothing more once they are full.
    "spark.driver.extraJavaOptions": (
        "-Duser.timezone=UTC -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"
    ),
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1536m",
    "spark.master": "local[2]",
    # A window over hundreds of thousands of events of one session spills to many files, each of which is read with
    # buffers outside this share of the memory: three megabytes each, or one without reading ahead.
    "spark.memory.fraction": "0.5",
    "spark.unsafe.sorter.spill.read.ahead.enabled": "false",
    # On Glue it splits skewed partitions; on two cores planning anew after each stage costs more than it saves.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
"""What a Spark job of the laptop's Glue starts with."""


@dataclass(frozen=True)
class Settings:
    """The settings that every override is installed with.

    Parameters
    ----------
    port
        The port of every AWS API, on loopback.
    directory
        The folder of all state, for one emulator at a time.
    engine_url
        The address at which Lambda functions and state machines find Amazon Personalize's three services.
    lambda_python
        The interpreter of functions; it has boto3 and nothing else, as AWS's runtime.
    spark_python
        The interpreter of Glue jobs, which has PySpark.
    region
        The region of a request that names none.
    iam_enforced
        Whether signatures and policies are checked.
    recording
        The file to which the checked calls are appended; None for no recording.
    """

    port: int
    directory: Path
    engine_url: str
    lambda_python: Path
    spark_python: Path
    region: str
    iam_enforced: bool
    recording: Path | None = None

    @property
    def endpoint(self) -> str:
        """The address of every AWS API; functions and jobs read it from ``AWS_ENDPOINT_URL``."""
        return f"http://{HOST}:{self.port}"

    @property
    def scratch(self) -> str:
        """The folder of temporary files, emptied at every start."""
        return str(self.directory / "scratch")
