"""Trainings that are stopped, recommenders that come and go: in whatever order, as documented."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.contract.engine.calls import outcome, until_gone
from tests.contract.engine.lifecycles.documented_states import (
    DONE,
    IN_USE,
    INVALID,
    NOT_FOUND,
    SETTLED,
    reachable,
    use_of,
)
from tests.contract.engine.running_engine import RunningEngine, until
from tests.contract.engine.shops import DomainShop, Shop

ACCOUNT = "823000000001"
SETTLE_SECONDS = 30.0
MOST_TRAININGS = 3  # of one run; each is a process of its own
MOMENTS = [0.0, 0.15, 0.4]  # seconds after which a training is stopped: pending, begun, perhaps done
CREATING = ("CREATE PENDING", "CREATE IN_PROGRESS")


class World:
    """An engine with a solution that may be trained, and a recommender that answers."""

    def __init__(self, engine: RunningEngine, s3: Any) -> None:
        self.engine = engine
        shop = Shop(engine, s3, account=ACCOUNT)
        shop.fill()
        self.solution = shop.train("popular", "aws-popularity-count")["solutionArn"]
        domain = DomainShop(engine, s3, "ECOMMERCE", ACCOUNT)
        self.recommender = domain.recommender("viewed", "aws-ecomm-popular-items-by-views")["recommenderArn"]

    @property
    def control(self) -> Any:
        return self.engine.client(account=ACCOUNT)

    @property
    def runtime(self) -> Any:
        return self.engine.client("personalize-runtime", ACCOUNT)


class Trained(RuleBasedStateMachine):
    """Trains, stops, starts and asks, and looks at each state on the way."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[str, str] = {}
        self.recommender = self._describe_recommender()["status"]
        self.crashes = 0

    @initialize(stopped_after=st.sampled_from(MOMENTS))
    def begin(self, stopped_after: float) -> None:
        self.train(None)
        self.train(stopped_after)

    @precondition(lambda self: len(self.versions) < MOST_TRAININGS)
    @rule(stopped_after=st.none() | st.sampled_from(MOMENTS))
    def train(self, stopped_after: float | None) -> None:
        made = self.world.control.create_solution_version(solutionArn=self.world.solution)
        self.versions[made["solutionVersionArn"]] = "CREATE PENDING"
        if stopped_after is not None:
            time.sleep(stopped_after)
            self.stop_training_twice(len(self.versions) - 1)

    @precondition(lambda self: self.versions)
    @rule(place=st.integers(0, MOST_TRAININGS - 1))
    def stop_training_twice(self, place: int) -> None:
        for _ in range(2):
            self._stop(self._version(place))

    def _stop(self, arn: str) -> None:
        before = self._look(arn)
        found = outcome(self.world.control.stop_solution_version_creation, solutionVersionArn=arn)
        legal = {
            DONE if status in CREATING else IN_USE if status == "CREATE STOPPING" else INVALID
            for status in reachable(before)
        }
        assert found in legal, f"StopSolutionVersionCreation of {before}: {found or 'done'}, not {legal}"
        if found == DONE:
            self.versions[arn] = "CREATE STOPPING"  # or CREATE STOPPED, where it was still pending
        self._look(arn)

    @precondition(lambda self: self.versions)
    @rule(place=st.integers(0, MOST_TRAININGS - 1))
    def measure(self, place: int) -> None:
        arn = self._version(place)
        before = self._look(arn)
        found = outcome(self.world.control.get_solution_metrics, solutionVersionArn=arn)
        assert found in self._uses(before), f"GetSolutionMetrics of {before}: {found or 'done'}"

    @precondition(lambda self: self.versions)
    @rule(place=st.integers(0, MOST_TRAININGS - 1))
    def deploy(self, place: int) -> None:
        arn = self._version(place)
        before = self._look(arn)
        request = {"name": "deployed", "solutionVersionArn": arn}
        found = outcome(self.world.control.create_campaign, **request)
        assert found in self._uses(before), f"CreateCampaign of {before}: {found or 'done'}"
        if found == DONE:
            self._take_campaign_down()

    @rule(changes=st.lists(st.sampled_from(["stop", "start", "ask", "wait"]), min_size=2, max_size=5))
    def change_recommender(self, changes: list[str]) -> None:
        control = self.world.control
        for change in changes:
            if change == "stop":
                self._change_recommender(control.stop_recommender, "ACTIVE", "STOP PENDING")
            elif change == "start":
                self._change_recommender(control.start_recommender, "INACTIVE", "START PENDING")
            elif change == "ask":
                self.ask_recommender()
            else:
                self.wait()

    @rule()
    def ask_recommender(self) -> None:
        before = self._look_at_recommender()
        arn = self.world.recommender
        found = outcome(self.world.runtime.get_recommendations, recommenderArn=arn, userId="user-1")
        legal = {DONE if status == "ACTIVE" else NOT_FOUND for status in reachable(before)}
        assert found in legal, f"GetRecommendations of {before}: {found or 'done'}, not {legal}"

    @rule()
    def wait(self) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while self._look_at_recommender() not in SETTLED or any(
            self._look(arn) not in SETTLED for arn in self.versions
        ):
            assert time.monotonic() < deadline, f"these never settle: {self.versions}, {self.recommender}"
            time.sleep(0.02)

    @precondition(lambda self: self.versions and not self.crashes)
    @rule()
    def crash(self) -> None:
        self.crashes += 1
        self.world.engine.kill()
        self.world.engine.start()

    def teardown(self) -> None:
        """Leave the recommender as the next run expects it."""
        self.wait()
        if self.recommender == "INACTIVE":
            self.change_recommender(["start", "wait"])

    def _change_recommender(self, call: Any, needed: str, pending: str) -> None:
        before = self._look_at_recommender()
        found = outcome(call, recommenderArn=self.world.recommender)
        legal = {DONE if status == needed else IN_USE for status in reachable(before)}
        assert found in legal, f"{pending} of {before}: {found or 'done'}, not {legal}"
        if found == DONE:
            self.recommender = pending
        self._look_at_recommender()

    def _uses(self, status: str) -> set[str]:
        return {refusal for later in reachable(status) for refusal in use_of([later]) or {DONE}}

    def _version(self, place: int) -> str:
        return list(self.versions)[place % len(self.versions)]

    def _look(self, arn: str) -> str:
        described = self.world.control.describe_solution_version(solutionVersionArn=arn)["solutionVersion"]
        status, last = str(described["status"]), self.versions[arn]
        assert status != "CREATE FAILED", described["failureReason"]
        assert status in reachable(last), f"{arn} went from {last} to {status}"
        self.versions[arn] = status
        return status

    def _look_at_recommender(self) -> str:
        status = str(self._describe_recommender()["status"])
        assert status in reachable(self.recommender), f"the recommender went from {self.recommender} to {status}"
        self.recommender = status
        return status

    def _describe_recommender(self) -> dict[str, Any]:
        arn = self.world.recommender
        return dict(self.world.control.describe_recommender(recommenderArn=arn)["recommender"])

    def _take_campaign_down(self) -> None:
        control = self.world.control
        arn = control.list_campaigns(solutionArn=self.world.solution)["campaigns"][0]["campaignArn"]
        until(lambda: outcome(control.delete_campaign, campaignArn=arn) != IN_USE, f"{arn} is not in use")
        until_gone(control.describe_campaign, campaignArn=arn)


@pytest.fixture(scope="module")
def world(s3, tmp_path_factory):
    running = RunningEngine(tmp_path_factory.mktemp("trained") / "state", s3.url, pace="compressed")
    yield World(running, s3)
    running.stop()


def shows_every_operation(test: Any) -> Any:
    for operation in (
        *("CreateSolutionVersion", "DescribeSolutionVersion", "StopSolutionVersionCreation", "GetSolutionMetrics"),
        *("CreateCampaign", "DescribeRecommender", "StopRecommender", "StartRecommender"),
        "GetRecommendations",
    ):
        test = pytest.mark.honours(operation, "in any sequence of trainings, stops and starts, as documented")(test)
    return test


@shows_every_operation
def test_no_sequence_of_trainings_stops_and_starts_reaches_an_undocumented_state(world):
    machine = type("Machine", (Trained,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=4,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate),  # what goes wrong depends on the moment: nothing shrinks
            suppress_health_check=list(HealthCheck),
        ),
    )
