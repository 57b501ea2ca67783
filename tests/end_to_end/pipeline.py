"""A provisioned pipeline, with the clients and counts that the end-to-end tests use."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployment.audit.auditing import Audit, Resources, audit
from deployment.local.demo import accounting, workflow

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from deployment.local.cloud import Cloud
    from deployment.local.demo.accounting import LakeCounts
    from deployment.local.demo.api import Api
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
    def stepfunctions(self) -> Any:
        return self.cloud.client("stepfunctions")

    def lake(self, since: datetime) -> LakeCounts:
        return accounting.AthenaClient(self.made["database"], self.made["athena_workgroup"]).count(since)

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
        return accounting.AthenaClient(self.made["database"], self.made["athena_workgroup"]).rows(sql)

    def train(self) -> dict[str, Any]:
        return workflow.train(self.api, self.stepfunctions, self.made["state_machine_arn"], SilentProgress())


def read_until(read: Callable[[], Any], expected: Any) -> Any:
    """Read a value repeatedly until it is the expected one or the timeout is over; return the last value."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while (value := read()) != expected and time.monotonic() < deadline:
        time.sleep(0.5)
    return value
