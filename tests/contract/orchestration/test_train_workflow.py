"""States of the training workflow, run by the emulator as Terraform renders them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.factories.train_workflow import train_states, workflow


def job_arguments(run_workflow: Any, days: str) -> tuple[dict[str, str], datetime]:
    """Return the arguments of the Spark job, and the start of the execution."""
    arguments = train_states(training_days=days)["BuildDataSets"]["Arguments"]["Arguments"]
    states = {
        "Configure": {"Type": "Pass", "Assign": {"training_days": json.loads(days), "run_id": "r"}, "Next": "Evaluate"},
        "Evaluate": {"Type": "Succeed", "Output": arguments},
    }
    ended = run_workflow(f"window-{days}", workflow(states))
    assert ended["status"] == "SUCCEEDED", ended
    return json.loads(ended["output"]), ended["startDate"]


@pytest.mark.parametrize("days", [1, 365])
def test_a_training_reads_the_declared_days_before_its_start(run_workflow, days):
    arguments, started = job_arguments(run_workflow, str(days))

    assert abs(datetime.fromisoformat(arguments["--from"]) - (started - timedelta(days=days))) < timedelta(seconds=2)
    assert arguments["--run_id"] == "r"


def test_without_a_window_a_training_reads_the_whole_lake(run_workflow):
    arguments, _ = job_arguments(run_workflow, "null")

    assert arguments.keys() == {"--lake", "--datasets", "--run_id"}
