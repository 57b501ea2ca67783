"""The whole pipeline on a cloud of its own: free ports, a fresh folder, the real Terraform."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from deployment.local.cloud import Cloud, free_ports
from deployment.local.demo import accounting, workflow
from deployment.local.demo.api import Api
from deployment.local.provision import Provisioned, build_archives, provision

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from deployment.local.demo.accounting import LakeCounts

PATIENCE_SECONDS = 180


class Silent:
    """Shows no progress."""

    def show(self, done=None, total=None, note=None) -> None:
        """Take it and show nothing."""


@dataclass(frozen=True)
class Pipeline:
    """A provisioned cloud and the ways to look into it."""

    cloud: Cloud
    made: Provisioned
    api: Api

    @property
    def stepfunctions(self) -> Any:
        return self.cloud.client("stepfunctions")

    def lake(self, since: datetime) -> LakeCounts:
        return accounting.AthenaClient(self.made["database"], self.made["athena_workgroup"]).count(since)

    def count_tracked_events(self) -> int:
        return accounting.count_tracked_events(self.cloud.engine_url, self.made["dataset_group"])

    def train(self) -> dict[str, Any]:
        return workflow.train(self.api, self.stepfunctions, self.made["state_machine_arn"], Silent())


def eventually(read: Callable[[], Any], wanted: Any) -> Any:
    """Read until it is what is wanted, for some minutes; return what was read last."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (last := read()) != wanted and time.monotonic() < deadline:
        time.sleep(0.5)
    return last


@pytest.fixture(scope="package")
def pipeline(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud").resolve(), *free_ports(2))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment.items():
            patch.setenv(name, value)
        build_archives(Silent())
        cloud.start()
        try:
            made = provision(cloud, Silent())
            machine = made["state_machine_arn"]
            workflow.prepare(cloud.client("stepfunctions"), machine, "prepare", Silent())
            yield Pipeline(cloud, made, Api(made.api_url, made["api_key"]))
        finally:
            cloud.stop()
