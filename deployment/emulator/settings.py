"""What the emulator is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "000000000000"
"""The one account of the laptop's cloud."""

HOST = "127.0.0.1"
"""The emulator checks no signature, so nothing but this machine may reach it."""


@dataclass(frozen=True)
class Settings:
    """The choices of one run, handed to every seam.

    Parameters
    ----------
    port
        The port of every AWS API, on loopback.
    directory
        Where all state lies; of one emulator at a time.
    engine_url
        Where Lambda functions and state machines find Amazon Personalize's three services.
    lambda_python
        The interpreter that functions run on; it has boto3 and nothing else, as AWS's runtime.
    spark_python
        The interpreter that has PySpark, for Glue jobs.
    region
        The region of what has none in its request.
    iam_enforced
        Whether signatures and policies are checked.
    """

    port: int
    directory: Path
    engine_url: str
    lambda_python: Path
    spark_python: Path
    region: str
    iam_enforced: bool

    @property
    def endpoint(self) -> str:
        """The address of every AWS API, as functions and jobs get it in ``AWS_ENDPOINT_URL``."""
        return f"http://{HOST}:{self.port}"

    @property
    def scratch(self) -> str:
        """The folder of temporary files, emptied at every start."""
        return str(self.directory / "scratch")
