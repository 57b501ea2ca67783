"""An engine process at a moment of choice, asked by boto3."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from pathlib import Path

WAIT_SECONDS = 400.0
# The first argument is how many seconds the clock of the engine is behind.
LAUNCHER = """
import runpy, sys, time
behind, real = float(sys.argv.pop(1)), time.time
time.time = lambda: real() - behind
runpy.run_module("model.engine", run_name="__main__", alter_sys=True)
"""


class EngineProcess:
    """An engine whose clock starts at `moment`, so that its answers do not depend on the day of the test."""

    def __init__(self, directory: Path, s3_url: str, moment: float) -> None:
        behind = str(time.time() - moment)
        command = [sys.executable, "-c", LAUNCHER, behind, "--directory", str(directory), "--port", "0"]
        environment = {**os.environ, "AWS_ENDPOINT_URL": s3_url, "AWS_ACCESS_KEY_ID": "test"}
        environment |= {"AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}
        self._log = directory.with_suffix(".log")
        with self._log.open("w") as output:
            self.process = subprocess.Popen([*command, "--pace", "compressed"], env=environment, stdout=output)
        self._port = self._wait_for_port()
        self.control = self._client("personalize")
        self.runtime = self._client("personalize-runtime")

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(WAIT_SECONDS)

    def wait_until_active(self, describe: Any, **arn: str) -> dict[str, Any]:
        """Return the described resource as soon as it is ACTIVE."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            answer = describe(**arn)
            described: dict[str, Any] = next(value for name, value in answer.items() if name != "ResponseMetadata")
            if described["status"] in {"ACTIVE", "COMPLETED"}:
                return described
            assert "FAILED" not in described["status"], described
            time.sleep(0.05)
        raise AssertionError(f"{arn} is not ACTIVE after {WAIT_SECONDS} seconds")

    def _wait_for_port(self) -> int:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the engine ended before it was ready"
            ready = [line for line in self._log.read_text().splitlines() if '"ready"' in line]
            if ready:
                return int(json.loads(ready[0])["port"])
            time.sleep(0.02)
        raise AssertionError("the engine is not ready in time")

    def _client(self, service: str) -> Any:
        return boto3.Session().client(
            service,  # type: ignore[call-overload]  # any of the three
            endpoint_url=f"http://127.0.0.1:{self._port}",
            region_name="eu-west-1",
            aws_access_key_id="123456789012",
            aws_secret_access_key="secret",
            config=Config(retries={"max_attempts": 0}),
        )
