"""The emulator in a process of its own, started as `deployment.local` starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENTS = ROOT / "build" / "env"
REGION = "eu-central-1"
START_SECONDS = 30


@dataclass
class Emulator:
    """An emulator in a process of its own, which a test may kill and start again."""

    directory: Path
    port: int
    engine_url: str = "http://127.0.0.1:9"
    environment: dict[str, str] = field(default_factory=dict)
    iam_enforced: bool = False
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.directory.with_name(self.directory.name + ".log")

    def command(self) -> list[str]:
        return [
            str(ENVIRONMENTS / "emulator" / "bin" / "python"),
            *("-m", "deployment.emulator", "--port", str(self.port), "--directory", str(self.directory)),
            *("--engine-url", self.engine_url, "--region", REGION),
            *("--lambda-python", str(ENVIRONMENTS / "lambda-runtime" / "bin" / "python")),
            *("--spark-python", sys.executable),
            *(["--enforce-iam"] if self.iam_enforced else []),
        ]

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **self.environment},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=START_SECONDS)

    def restart(self) -> None:
        """Kill the process, as a crash does, and start another on the same folder."""
        self.kill()
        self.start()

    def close(self) -> None:
        """Kill the process where it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def client(self, service: str, key: str = "test", secret: str = "test", **options: Any) -> Any:
        config = Config(
            retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, parameter_validation=False, **options
        )
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=config,
        )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
