"""A provisioned pipeline, with the clients and counts that the end-to-end tests use."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from data import replay
from data.generator import Settings, generate
from deployment.audit.auditing import Audit, Resources, audit
from deployment.keys.stored import Keys
from deployment.local.cloud import Cloud, free_ports
from deployment.local.demo import accounting, workflow
from deployment.local.demo.api import Api
from deployment.local.provision import api_key, build_archives, provision
from tests.contract.infrastructure.recording import RECORDED_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deployment.local.demo.accounting import LakeCounts
    from deployment.local.provision import Provisioned

TIMEOUT_SECONDS = 180
QUERIES = Path(__file__).parents[2] / "infrastructure" / "modules" / "lake" / "queries"


class SilentProgress:
    """Shows no progress."""

    def show(self, done=None, total=None, note=None) -> None:
        """Ignore the progress."""


@dataclass(frozen=True)
class Pipeline:
    """A provisioned cloud with its API."""

    cloud: Cloud
    made: Provisioned
    api: Api

    @property
    def keys(self) -> Keys:
        return Keys(self.cloud.client("ssm"), "local")

    @property
    def stepfunctions(self) -> Any:
        return self.cloud.client("stepfunctions")

    @property
    def athena(self) -> accounting.AthenaClient:
        return accounting.AthenaClient(self.made["database"], self.made["athena_workgroup"])

    def lake(self, since: datetime) -> LakeCounts:
        return self.athena.count(since)

    def count_tracked_events(self) -> int:
        return accounting.count_tracked_events(self.cloud.engine_url, self.made["dataset_group"])

    @property
    def ledger(self) -> Path:
        return self.cloud.directory / "ledger.jsonl"

    def audit(self) -> Audit:
        """Return the audit of the ledger once nothing is missing, or the last one."""
        resources = Resources(self.cloud.client, self.made["athena_workgroup"], self.cloud.directory / "engine")
        audited: list[Audit] = []

        def unaccounted() -> int:
            audited.append(audit(self.ledger, resources))
            return audited[-1].comparison.unaccounted

        read_until(unaccounted, 0)
        return audited[-1]

    def saved_query(self, name: str) -> list[dict[str, Any]]:
        """Run a saved query of the work group and return its rows."""
        sql = (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
        return self.athena.rows(sql)

    def logs(self, *groups: str) -> str:
        """Return the text of log groups."""
        pages = (
            page
            for group in groups
            for page in self.cloud.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        )
        return "\n".join(event["message"] for page in pages for event in page["events"])

    def train(self) -> dict[str, Any]:
        return workflow.train(self.api, self.stepfunctions, self.made["state_machine_arn"], SilentProgress())


@contextmanager
def provisioned_pipeline(folder: Path) -> Iterator[Pipeline]:
    """Provision a cloud of its own: free ports, a new folder, the real Terraform."""
    recording = Path(os.environ.get(RECORDED_VARIABLE, folder / "calls.jsonl"))
    cloud = Cloud(folder, *free_ports(3), recording=recording)
    progress = SilentProgress()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment.items():
            patch.setenv(name, value)
        build_archives(progress)
        cloud.start()
        try:
            made = provision(cloud, lambda _title: nullcontext(progress))
            yield Pipeline(cloud, made, Api(made.api_url, api_key(cloud)))
        finally:
            cloud.stop()


def fill(pipeline: Pipeline) -> None:
    """Load a generated shop, send the events of its users, and train on them."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    stream = generate(Settings(items=200, users=300, events=6_000, seed=1, until=midnight))
    replay.load_catalogue(stream, pipeline.api.url, pipeline.api.key)
    replay.replay(stream, pipeline.api.url, pipeline.api.key)
    read_until(lambda: pipeline.lake(midnight).distinct_in_run, stream.expected.distinct)
    pipeline.train()


def read_until(read: Callable[[], Any], expected: Any) -> Any:
    """Read a value repeatedly until it is the expected one or the timeout is over; return the last value."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while (value := read()) != expected and time.monotonic() < deadline:
        time.sleep(0.5)
    return value
