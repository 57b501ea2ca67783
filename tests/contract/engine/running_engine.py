"""An engine in a process of its own that tests call with boto3, as any team's code would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.contract.engine.paced_engine import TEST_PACES
from tests.fakes.waiting import wait_until

ROOT = Path(__file__).parents[3]
ACCOUNT, REGION = "123456789012", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/personalize"
WAIT_SECONDS = 240.0
# Access key id, secret, account.
OURS = ("AKIAOURSHOP000000001", "o" * 40, "111122223333")
THEIRS = ("AKIATHEIRSHOP0000001", "t" * 40, "444455556666")


class RunningEngine:
    """One engine process and clients for it; `account` makes a separate world within it."""

    def __init__(self, directory: Path, s3_url: str, pace: str = "instant", options: tuple[str, ...] = ()) -> None:
        self.directory = directory
        self.pace = pace
        self._options = options
        self._clients: dict[tuple[str, str, str, int], Any] = {}
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "AWS_ENDPOINT_URL": s3_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        self.start()

    def start(self) -> None:
        module = "tests.contract.engine.paced_engine" if self.pace in TEST_PACES else "model.engine"
        command = [sys.executable, "-m", module, "--directory", str(self.directory), "--port", "0"]
        log = self.directory.with_suffix(".log")
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [*command, "--pace", self.pace, *self._options], env=self._environment, cwd=ROOT, stdout=output
            )
        ready: list[str] = []

        def is_ready() -> bool:
            assert self.process.poll() is None, "the engine ended before it was ready"
            ready.extend(line for line in log.read_text().splitlines() if '"ready"' in line)
            return bool(ready)

        wait_until(is_ready, WAIT_SECONDS)
        self.ports = json.loads(ready[0])
        self.port = self.ports["port"]

    def logged_states(self, arn: str) -> list[str]:
        """Return every state that a resource has had since the engine was started, however short it was."""
        lines = [json.loads(line) for line in self.directory.with_suffix(".log").read_text().splitlines()]
        return [line["status"] for line in lines if line["event"] == "status" and line["arn"] == arn]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WAIT_SECONDS)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_SECONDS)

    def client(self, service: str = "personalize", account: str = ACCOUNT, region: str = REGION) -> Any:
        # A client takes long to make; the port is another one after a restart.
        known = (service, account, region, self.port)
        if known not in self._clients:
            self._clients[known] = self._new_client(service, account, region)
        return self._clients[known]

    def _new_client(self, service: str, account: str, region: str) -> Any:
        return boto3.Session().client(
            service,  # type: ignore[call-overload]  # any of the three
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="secret",
            config=Config(retries={"max_attempts": 0}),
        )

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def metric(self, name: str, **labels: str) -> float:
        """Return a sample of the page of metrics: its name begins so, and it has these labels, perhaps among others."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return next(
            float(line.rpartition(" ")[2])
            for line in self.get("/metrics").splitlines()
            if line.startswith(name) and all(label in line for label in wanted)
        )


def until_status(describe: Any, *statuses: str) -> dict[str, Any]:
    """Return the described resource once it has one of the statuses."""
    resource: dict[str, Any] = {}

    def has_status() -> bool:
        resource.update(_described(describe))
        return resource["status"] in statuses

    wait_until(has_status, WAIT_SECONDS, lambda: f"{resource}, not {' or '.join(statuses)}")
    return resource


def until_settled(describe: Any, *, allowed_failure: bool = False) -> dict[str, Any]:
    """Return the described resource once it is ACTIVE or CREATE FAILED."""
    resource = until_status(describe, "ACTIVE", "CREATE FAILED")
    assert allowed_failure or resource["status"] == "ACTIVE", resource.get("failureReason")
    return resource


def seen_until(describe: Any, *statuses: str) -> list[str]:
    """Return the different statuses of a resource, in their order, until it has one of the given ones."""
    seen: list[str] = []

    def has_status() -> bool:
        status = _described(describe)["status"]
        if seen[-1:] != [status]:
            seen.append(status)
        return status in statuses

    wait_until(has_status, WAIT_SECONDS, lambda: f"{seen}, not {' or '.join(statuses)}", most_pause=0.005)
    return seen


def _described(describe: Any) -> dict[str, Any]:
    answer = describe()
    return dict(
        answer if "status" in answer else next(value for key, value in answer.items() if key != "ResponseMetadata")
    )
