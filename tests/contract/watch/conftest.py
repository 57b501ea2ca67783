"""Every alarm of production, as Terraform plans it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.watch.plans import planned_resources


@pytest.fixture(scope="session")
def alarms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return the planned alarms by their names without the environment."""
    planned = planned_resources(tmp_path_factory.mktemp("alarms"), "-filter=tests/alarms.tftest.hcl")
    found = [resource["values"] for resource in planned if resource["type"] == "aws_cloudwatch_metric_alarm"]
    return {alarm["alarm_name"].removeprefix("rivulet-production-"): alarm for alarm in found}
