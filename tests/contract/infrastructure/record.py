"""Records the calls of Terraform and of a demonstration: ``python -m tests.contract.infrastructure.record``.

Plans, applies, runs the demonstration, changes settings, plans again and destroys on a cloud of its own, then runs the
end-to-end tests, and writes the calls that the emulators recorded to ``recorded_calls.json``, in about ten minutes.
With ``--terraform`` the demonstration and the tests are left out, and Terraform's calls are added to the recorded ones:
enough where only resources have changed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from data.generator import Settings, generate
from deployment.local.cloud import ROOT, Cloud, free_ports
from deployment.local.demo.run import run
from deployment.local.demo.steps import Steps
from deployment.local.provision import build_archives, destroy, initialize, plan_changes, provision
from tests.contract.infrastructure.recording import RECORDED_VARIABLE, RECORDING, add, read_calls, write

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the laptop's environment leaves out, and a change of the settings of every kind of resource that has some.
OPTIONAL = {
    "alarm_emails": ["on-call@example.com"],
    "monthly_budget_usd": 100,
    "training_schedule": "rate(7 days)",
    "curation_schedules": {"nightly": {"expression": "rate(1 day)", "hours": 50}},
}
CHANGED = OPTIONAL | {
    "alarm_thresholds": {"failed_requests": 7},
    "api_throttling": {"requests_per_second": 9000, "burst": 4000},
    "forwarding": {"window_seconds": 0, "retries": 100},
    "glue_workers": {"timeout_minutes": 60},
    "history_days": 30,
    "lake_buffer": {"seconds": 20, "megabytes": 64, "transform_seconds": 1},
    "log_level": "DEBUG",
    "log_retention_days": 3,
    "monthly_budget_usd": 200,
    "stream_retention_hours": 48,
    "training_poll_seconds": 2,
    "training_schedule": "rate(8 days)",
    "curation_schedules": {"nightly": {"expression": "rate(2 days)", "hours": 74}},
}


def main(arguments: list[str]) -> None:
    """Record and write the calls."""
    is_whole = "--terraform" not in arguments
    console = Console()
    steps = Steps(console)
    with tempfile.TemporaryDirectory(prefix="rivulet-recording-") as temporary:
        folder = Path(temporary)
        raw = folder / "calls.jsonl"
        cloud = Cloud(folder.resolve() / "cloud", *free_ports(3), recording=raw)
        environment = cloud.environment
        os.environ.clear()
        os.environ.update(environment)
        try:
            types = _record_terraform(cloud, steps, with_demonstration=is_whole)
        finally:
            cloud.stop()
            _set_variables({})
        if is_whole:
            command = [sys.executable, "-m", "pytest", "-q", str(ROOT / "tests" / "end_to_end")]
            subprocess.run(command, cwd=ROOT, env=os.environ | {RECORDED_VARIABLE: str(raw)}, check=True)
            write(types, read_calls(raw))
        else:
            add(types, read_calls(raw))
    console.print(f"wrote {RECORDING.relative_to(ROOT)}")


def _record_terraform(cloud: Cloud, steps: Steps, *, with_demonstration: bool) -> set[str]:
    with steps.step("Build the archives") as bar:
        build_archives(bar)
    cloud.start()
    _set_variables(OPTIONAL)
    with steps.step("Plan"):
        initialize(cloud)
        changes = plan_changes(cloud)
    types = {change["resource"]["resource_type"] for change in changes if change["action"] != "read"}
    provision(cloud, steps.step)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    shop = generate(Settings(items=200, users=300, events=4_000, until=midnight))
    if with_demonstration and not run(cloud, shop, steps.console):
        raise SystemExit("The demonstration did not account for every event.")
    _set_variables(CHANGED)
    provision(cloud, steps.step)
    with steps.step("Plan again"):
        plan_changes(cloud)
    with steps.step("Destroy"):
        destroy(cloud)
    return types


def _set_variables(values: Mapping[str, object]) -> None:
    arguments = " ".join(f"'-var={name}={_written(value)}'" for name, value in values.items())
    for command in ("plan", "apply", "destroy"):
        os.environ[f"TF_CLI_ARGS_{command}"] = arguments


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    main(sys.argv[1:])
