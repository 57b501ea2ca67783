"""The emulator with the orchestration seams, in front of a fake Personalize."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.contract.orchestration.fake_personalize import FakePersonalize

ROOT = Path(__file__).resolve().parents[3]
REGION = "eu-central-1"


@dataclass
class Cloud:
    """The running emulator, and what stands behind it."""

    url: str
    personalize: FakePersonalize
    directory: Path
    process: subprocess.Popen[bytes] | None
    command: list[str]

    def client(self, service: str) -> Any:
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        return boto3.Session().client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config,
        )

    def kill(self) -> None:
        """End the emulator as a power cut would."""
        assert self.process
        self.process.kill()
        self.process.wait(10)

    def start(self) -> None:
        with (self.directory.parent / "emulator.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log
            )
        wait_until(lambda: _is_healthy(self.url), 30)


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_ministack/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_until(condition, seconds: float, poll: float = 0.1):
    """Wait for a condition and return what made it true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(poll)
    return found


def start_cloud(directory: Path) -> Cloud:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fake = FakePersonalize()
    environments = ROOT / "build/env"
    command = [
        str(environments / "emulator/bin/python"), "-m", "deployment.local.emulator",
        "--port", str(port), "--directory", str(directory / "state"), "--engine-url", fake.url,
        "--lambda-python", str(environments / "lambda-runtime/bin/python"),
        "--spark-python", str(environments / "main/bin/python"), "--region", REGION,
    ]  # fmt: skip
    cloud = Cloud(f"http://127.0.0.1:{port}", fake, directory / "state", None, command)
    cloud.start()
    return cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    running = start_cloud(tmp_path_factory.mktemp("cloud"))
    yield running
    running.kill()
    running.personalize.server.shutdown()


@pytest.fixture(scope="session")
def run_workflow(cloud):
    """Create a state machine, run it once, and return the finished execution."""
    states = cloud.client("stepfunctions")

    def run(name: str, definition: str, data: str = "{}", seconds: float = 30):
        machine = states.create_state_machine(
            name=name, definition=definition, roleArn="arn:aws:iam::000000000000:role/workflow"
        )
        execution = states.start_execution(stateMachineArn=machine["stateMachineArn"], input=data)["executionArn"]

        def ended():
            described = states.describe_execution(executionArn=execution)
            return described if described["status"] != "RUNNING" else None

        return wait_until(ended, seconds)

    return run


@pytest.fixture(scope="session")
def lake_cloud(cloud):
    """The cloud with a small lake in it."""
    from tests.contract.orchestration import lake  # noqa: PLC0415 - it waits with what is defined here

    lake.make(cloud)
    return cloud
