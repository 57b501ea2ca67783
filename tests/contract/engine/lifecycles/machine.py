"""The base of the life-cycle tests: a Hypothesis machine that calls operations on the resources of one account."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.contract.engine.lifecycles.documented_states import reachable

if TYPE_CHECKING:
    from tests.contract.engine.running_engine import RunningEngine

SETTLE_SECONDS = 120.0  # ends a hang; worker processes run one by one, and with low priority on a busy machine


class World:
    """An engine, and the account in which a machine works."""

    def __init__(self, engine: RunningEngine, account: str) -> None:
        self.engine, self.account = engine, account

    @property
    def control(self) -> Any:
        return self.engine.client(account=self.account)

    @property
    def runtime(self) -> Any:
        return self.engine.client("personalize-runtime", self.account)


class LifeCycleMachine(RuleBasedStateMachine):
    """Waits, and kills the engine at most once in a run; subclasses add rules that call operations."""

    world: Any

    def __init__(self) -> None:
        super().__init__()
        self.crashes = 0

    @abstractmethod
    def unsettled(self) -> list[str]:
        """Look at every resource and return those that have not reached a final state, with their state."""

    def may_crash(self) -> bool:
        """Return whether enough is running for a crash to matter."""
        return True

    @rule()
    def wait(self) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while unsettled := self.unsettled():
            assert time.monotonic() < deadline, f"not settled in time: {unsettled}"
            time.sleep(0.02)

    @precondition(lambda self: not self.crashes and self.may_crash())
    @rule()
    def crash(self) -> None:
        self.crashes += 1
        self.world.engine.kill()
        self.world.engine.start()

    def teardown(self) -> None:
        self.wait()


def next_status(name: str, last: str, status: str) -> str:
    """Return a status, which must be one that the resource can have reached since the last look."""
    assert status in reachable(last), f"{name} went from {last} to {status}"
    return status


def check_outcome(call: str, before: object, outcome: str, legal: set[str]) -> None:
    """Check the error, or the success "", that a call ended with."""
    assert outcome in legal, f"{call} with {before}: {outcome or 'done'}, not {legal}"


def run_machine(machine: type[LifeCycleMachine], world: World, *, runs: int, steps: int, shrinks: bool = False) -> None:
    """Run a machine in a world.

    Parameters
    ----------
    shrinks : bool
        Whether a failure is reduced to fewer steps; it cannot be where it depends on the moment.
    """
    phases = (Phase.explicit, Phase.generate, Phase.shrink) if shrinks else (Phase.explicit, Phase.generate)
    run_state_machine_as_test(
        type("Machine", (machine,), {"world": world}),
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            phases=phases,
            report_multiple_bugs=False,
            # Prints a failure at once: where its repetition ends differently, only FlakyStrategyDefinition is raised.
            verbosity=Verbosity.verbose,
            suppress_health_check=list(HealthCheck),
        ),
    )
