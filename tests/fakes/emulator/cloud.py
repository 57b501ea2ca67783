"""The emulator in front of a fake Personalize, with runs of state machines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.emulator.personalize import FakePersonalize
from tests.fakes.emulator.process import Emulator, free_port
from tests.fakes.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Cloud(Emulator):
    """An emulator and the fake Personalize that it forwards to."""

    personalize: FakePersonalize = field(default_factory=FakePersonalize)

    def __post_init__(self) -> None:
        self.engine_url = self.personalize.url

    def close(self) -> None:
        super().close()
        self.personalize.close()


def start_cloud(directory: Path, *, iam_enforced: bool = False) -> Cloud:
    cloud = Cloud(directory / "cloud", free_port(), iam_enforced=iam_enforced)
    cloud.start()
    return cloud


def run_once(cloud: Emulator, name: str, definition: str, seconds: float) -> dict[str, Any]:
    """Create a state machine, run it once, and return the finished execution."""
    states = cloud.client("stepfunctions")
    machine = states.create_state_machine(
        name=name, definition=definition, roleArn="arn:aws:iam::000000000000:role/workflow"
    )
    return run_machine(states, machine["stateMachineArn"], seconds)


def run_machine(states: Any, machine: str, seconds: float = 15) -> dict[str, Any]:
    """Run a state machine and return the finished execution."""
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]

    def ended() -> Any:
        described = states.describe_execution(executionArn=execution)
        return described if described["status"] != "RUNNING" else None

    finished: dict[str, Any] = wait_until(ended, seconds)
    return finished
