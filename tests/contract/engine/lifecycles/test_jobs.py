"""Jobs of every kind, at the same time and through crashes: their states in order, each done once."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.contract.engine.calls import outcome
from tests.contract.engine.lifecycles.documented_states import DONE, EXISTS, LIMIT
from tests.contract.engine.lifecycles.machine import LifeCycleMachine, World, check_outcome, run_machine
from tests.contract.engine.running_engine import ROLE, RunningEngine
from tests.contract.engine.shops import Shop

ACCOUNT = "825000000001"
REGION_PREFIX = f"arn:aws:personalize:eu-west-1:{ACCOUNT}:"
MOST_PAGES = 100
MOST_JOBS = 6  # of one run; most are processes of their own
AT_ONCE = 5  # of a kind, pending or in progress (developer guide, "Amazon Personalize endpoints and quotas")
CREATION = ("CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE")
# API reference, `status` of each kind of job, but of batch jobs as the service's notebooks show it.
STATES = {
    "dataset-import-job": CREATION,
    "dataset-export-job": CREATION,
    "batch-inference-job": CREATION,
    "data-deletion-job": ("PENDING", "IN_PROGRESS", "COMPLETED"),
}
LIMITED = set(STATES) - {"dataset-export-job"}
numbers = itertools.count()


class JobWorld(World):
    """A shop with a trained version, and the request of a job of each kind."""

    def __init__(self, engine: RunningEngine, s3: Any) -> None:
        super().__init__(engine, ACCOUNT)
        shop = Shop(engine, s3, account=ACCOUNT)
        shop.fill()
        version = shop.train("popular", "aws-popularity-count")["solutionVersionArn"]
        users = s3.put("data", "jobs/people.json", "".join(json.dumps({"userId": f"user-{n}"}) + "\n" for n in "123"))
        out = {"s3DataDestination": {"path": "s3://data/jobs-out/"}}
        s3.put("data", "jobs-out/.keep", "")
        gone = s3.put("data", "jobs/gone.csv", "USER_ID\nnobody\n")
        self.requests: dict[str, dict[str, Any]] = {
            "dataset-import-job": {
                "datasetArn": shop.datasets["Items"],
                "dataSource": {"dataLocation": "s3://data/items/"},
            },
            "dataset-export-job": {"datasetArn": shop.datasets["Items"], "jobOutput": out},
            "batch-inference-job": {
                "solutionVersionArn": version,
                "jobInput": {"s3DataSource": {"path": users}},
                "jobOutput": out,
            },
            "data-deletion-job": {"datasetGroupArn": shop.group, "dataSource": {"dataLocation": gone}},
        }


@dataclass
class Job:
    """A job as it was last seen."""

    kind: str
    name: str
    place: int = 0  # among the states of its kind

    @property
    def arn(self) -> str:
        return f"{REGION_PREFIX}{self.kind}/{self.name}"

    @property
    def settled(self) -> bool:
        return self.place == len(STATES[self.kind]) - 1


class Jobs(LifeCycleMachine):
    """Starts jobs, looks at them, and kills the engine while they run."""

    world: JobWorld

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[Job] = []

    @initialize(kinds=st.permutations(sorted(STATES)))
    def start_one_of_each(self, kinds: list[str]) -> None:
        for kind in kinds:
            self.start(kind)

    @precondition(lambda self: len(self.jobs) < MOST_JOBS)
    @rule(kind=st.sampled_from(sorted(STATES)))
    def start(self, kind: str) -> None:
        job = Job(kind, f"job-{next(numbers)}")
        running = [other for other in self.jobs if other.kind == kind and not self._look(other).settled]
        found = self._create(job)
        full = kind in LIMITED and len(running) >= AT_ONCE
        check_outcome(f"Create of {kind}", running, found, {DONE, LIMIT} if full else {DONE})
        if found == DONE:
            self.jobs.append(job)
            self._look(job)

    @precondition(lambda self: self.jobs)
    @rule(place=st.integers(0, MOST_JOBS - 1))
    def start_again_by_the_same_name(self, place: int) -> None:
        job = self.jobs[place % len(self.jobs)]
        found = self._create(job)
        busy = sum(other.kind == job.kind for other in self.jobs) >= AT_ONCE
        check_outcome("Create with a taken name", job, found, {EXISTS, LIMIT} if busy else {EXISTS})

    @rule()
    def look_at_everything(self) -> None:
        for job in self.jobs:
            self._look(job)
        for kind in STATES:
            arns = self._listed(kind)
            assert len(arns) == len(set(arns))
            assert {job.arn for job in self.jobs if job.kind == kind} <= set(arns)

    def unsettled(self) -> list[str]:
        return [str(job) for job in self.jobs if not self._look(job).settled]

    def may_crash(self) -> bool:
        return len(self.jobs) > 1

    def _create(self, job: Job) -> str:
        create = getattr(self.world.control, f"create_{_names(job.kind)[0]}")
        return outcome(create, jobName=job.name, roleArn=ROLE, **self.world.requests[job.kind])

    def _listed(self, kind: str) -> list[str]:
        # Not every list of jobs has a paginator in botocore.
        method, arn_member = _names(kind)
        arns: list[str] = []
        token: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = getattr(self.world.control, f"list_{method}s")(maxResults=3, **token)
            arns += [job[arn_member] for value in page.values() if isinstance(value, list) for job in value]
            if "nextToken" not in page:
                return arns
            token = {"nextToken": page["nextToken"]}
        raise AssertionError(f"list_{method}s has no last page")

    def _look(self, job: Job) -> Job:
        method, arn_member = _names(job.kind)
        answer = getattr(self.world.control, f"describe_{method}")(**{arn_member: job.arn})
        described = next(value for member, value in answer.items() if member != "ResponseMetadata")
        status, states = described["status"], STATES[job.kind]
        assert status in states[job.place :], f"{job} became {status}: {described.get('failureReason')}"
        job.place = states.index(status)
        return job


def _names(kind: str) -> tuple[str, str]:
    first, *rest = kind.split("-")
    return kind.replace("-", "_"), f"{first}{''.join(part.capitalize() for part in rest)}Arn"


@pytest.fixture(scope="module")
def world(s3, tmp_path_factory):
    running = RunningEngine(tmp_path_factory.mktemp("jobs") / "state", s3.url, pace="slow")
    yield JobWorld(running, s3)
    running.stop()


def shows_every_kind(test: Any) -> Any:
    for kind, states in STATES.items():
        name = "".join(part.capitalize() for part in kind.split("-"))
        test = pytest.mark.honours(f"Create{name}", "a taken name is refused, whatever other jobs run")(test)
        test = pytest.mark.honours(f"Describe{name}", f"{', '.join(states)}, also through a crash")(test)
        test = pytest.mark.honours(f"List{name}s", "every job once, in any state")(test)
    return test


@shows_every_kind
def test_jobs_pass_their_states_in_order_whatever_else_is_going_on(world):
    run_machine(Jobs, world, runs=3, steps=25)
