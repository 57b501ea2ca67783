"""Every alarm of production, as Terraform plans it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from deployment.terraform import invocation

_TEST = "tests/alarms.tftest.hcl"


@pytest.fixture(scope="session")
def alarms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return the planned alarms by their names without the environment."""
    data = {"TF_DATA_DIR": str(tmp_path_factory.mktemp("alarms"))}
    printed = ""
    for arguments in (["init", "-backend=false", "-input=false"], ["test", "-json", "-verbose", f"-filter={_TEST}"]):
        call = invocation(arguments, os.environ | data)
        done = subprocess.run(
            call.command, cwd=call.directory, env=call.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        printed = done.stdout
    [plan] = [line["test_plan"] for line in map(json.loads, printed.splitlines()) if line["type"] == "test_plan"]
    planned = [
        change["change"]["after"]
        for change in plan["resource_changes"]
        if change["type"] == "aws_cloudwatch_metric_alarm" and change["change"]["after"]
    ]
    return {alarm["alarm_name"].removeprefix("rivulet-production-"): alarm for alarm in planned}
