"""Random sequences of trainings, and of stops and starts of a recommender: only documented states and errors."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

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
from tests.contract.engine.lifecycles.machine import LifeCycleMachine, World, check_outcome, next_status, run_machine
from tests.contract.engine.running_engine import RunningEngine
from tests.contract.engine.shops import DomainShop, Shop
from tests.fakes.waiting import wait_until

ACCOUNT = "823000000001"
MOST_TRAININGS = 3  # of one run; each is a process of its own
MOMENTS = [0.0, 0.15, 0.4]  # seconds after which a training is stopped: pending, begun, perhaps done
CREATING = ("CREATE PENDING", "CREATE IN_PROGRESS")


class TrainingWorld(World):
    """An engine with a solution that may be trained, and a recommender that answers."""

    def __init__(self, engine: RunningEngine, s3: Any) -> None:
        super().__init__(engine, ACCOUNT)
        shop = Shop(engine, s3, account=ACCOUNT)
        shop.fill()
        self.solution = shop.train("popular", "aws-popularity-count")["solutionArn"]
        domain = DomainShop(engine, s3, "ECOMMERCE", ACCOUNT)
        self.recommender = domain.recommender("viewed", "aws-ecomm-popular-items-by-views")["recommenderArn"]


class Trainings(LifeCycleMachine):
    """Trains, stops, starts and asks for recommendations, and looks at each state on the way."""

    world: TrainingWorld

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[str, str] = {}
        self.recommender: str = self._describe_recommender()["status"]

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
        check_outcome("StopSolutionVersionCreation", before, found, legal)
        if found == DONE:
            self.versions[arn] = "CREATE STOPPING"  # or CREATE STOPPED, where it was still pending
        self._look(arn)

    @precondition(lambda self: self.versions)
    @rule(place=st.integers(0, MOST_TRAININGS - 1))
    def measure(self, place: int) -> None:
        arn = self._version(place)
        before = self._look(arn)
        found = outcome(self.world.control.get_solution_metrics, solutionVersionArn=arn)
        check_outcome("GetSolutionMetrics", before, found, self._uses(before))

    @precondition(lambda self: self.versions)
    @rule(place=st.integers(0, MOST_TRAININGS - 1))
    def deploy(self, place: int) -> None:
        arn = self._version(place)
        before = self._look(arn)
        request = {"name": "deployed", "solutionVersionArn": arn}
        found = outcome(self.world.control.create_campaign, **request)
        check_outcome("CreateCampaign", before, found, self._uses(before))
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
        check_outcome("GetRecommendations", before, found, legal)

    def unsettled(self) -> list[str]:
        states = {arn: self._look(arn) for arn in self.versions} | {"recommender": self._look_at_recommender()}
        return [f"{name}: {status}" for name, status in states.items() if status not in SETTLED]

    def may_crash(self) -> bool:
        return bool(self.versions)

    def teardown(self) -> None:
        """Leave the recommender as the next run expects it."""
        self.wait()
        if self.recommender == "INACTIVE":
            self.change_recommender(["start", "wait"])

    def _change_recommender(self, call: Any, needed: str, pending: str) -> None:
        before = self._look_at_recommender()
        found = outcome(call, recommenderArn=self.world.recommender)
        legal = {DONE if status == needed else IN_USE for status in reachable(before)}
        check_outcome(pending, before, found, legal)
        if found == DONE:
            self.recommender = pending
        self._look_at_recommender()

    def _uses(self, status: str) -> set[str]:
        return {refusal for later in reachable(status) for refusal in use_of([later]) or {DONE}}

    def _version(self, place: int) -> str:
        return list(self.versions)[place % len(self.versions)]

    def _look(self, arn: str) -> str:
        described = self.world.control.describe_solution_version(solutionVersionArn=arn)["solutionVersion"]
        assert described["status"] != "CREATE FAILED", described["failureReason"]
        self.versions[arn] = next_status(arn, self.versions[arn], described["status"])
        return self.versions[arn]

    def _look_at_recommender(self) -> str:
        self.recommender = next_status("the recommender", self.recommender, self._describe_recommender()["status"])
        return self.recommender

    def _describe_recommender(self) -> dict[str, Any]:
        arn = self.world.recommender
        return dict(self.world.control.describe_recommender(recommenderArn=arn)["recommender"])

    def _take_campaign_down(self) -> None:
        control = self.world.control
        arn = control.list_campaigns(solutionArn=self.world.solution)["campaigns"][0]["campaignArn"]
        wait_until(lambda: outcome(control.delete_campaign, campaignArn=arn) != IN_USE, 60)
        until_gone(control.describe_campaign, campaignArn=arn)


@pytest.fixture(scope="module")
def world(s3, tmp_path_factory):
    running = RunningEngine(tmp_path_factory.mktemp("trained") / "state", s3.url, pace="slow")
    yield TrainingWorld(running, s3)
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
    run_machine(Trainings, world, runs=4, steps=20)
