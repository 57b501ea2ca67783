"""The emulator in front of a fake Personalize, with what the tests of workflows, jobs and queries share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.conftest import Emulator, free_port
from tests.contract.orchestration import lake
from tests.contract.orchestration.fake_personalize import FakePersonalize
from tests.contract.orchestration.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Cloud(Emulator):
    """An emulator and the Personalize that stands behind it."""

    personalize: FakePersonalize = field(default_factory=FakePersonalize)

    def __post_init__(self) -> None:
        self.engine_url = self.personalize.url

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.personalize.close()


def start_cloud(directory: Path, *, iam_enforced: bool = False) -> Cloud:
    cloud = Cloud(directory / "cloud", free_port(), iam_enforced=iam_enforced)
    cloud.start()
    return cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory) -> Iterator[Cloud]:
    """One cloud for all tests here, which keep out of each other's way by their names."""
    running = start_cloud(tmp_path_factory.mktemp("orchestration"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def lake_cloud(cloud):
    """The cloud with a small lake in it."""
    lake.make(cloud)
    return cloud


@pytest.fixture(scope="session")
def run_workflow(cloud):
    """Create a state machine, run it once, and return the finished execution."""
    return lambda name, definition, seconds=30: run_once(cloud, name, definition, seconds)


def run_once(cloud: Cloud, name: str, definition: str, seconds: float) -> dict[str, Any]:
    states = cloud.client("stepfunctions")
    machine = states.create_state_machine(
        name=name, definition=definition, roleArn="arn:aws:iam::000000000000:role/workflow"
    )
    execution = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]

    def ended() -> Any:
        described = states.describe_execution(executionArn=execution)
        return described if described["status"] != "RUNNING" else None

    found: dict[str, Any] = wait_until(ended, seconds)
    return found
