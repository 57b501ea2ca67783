"""An environment costs the same by its settings as by its plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deployment.cost.stack import provisioned, read_environment
from tests.contract.watch.plans import planned_resources

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("environment", ["dev", "production"])
def test_an_environment_is_counted_as_its_plan_provisions_it(environment: str, tmp_path: Path) -> None:
    options = ("-test-directory=tests/environments", f"-var-file=environments/{environment}.tfvars")

    planned = provisioned(planned_resources(tmp_path, *options), "eu-central-1")

    # The plan names a campaign with the environment.
    campaigns = {replace(each, name=each.name.removeprefix(f"rivulet-{environment}-")) for each in planned.campaigns}
    counted = read_environment(environment)
    assert campaigns == set(counted.campaigns)
    assert replace(planned, campaigns=()) == replace(counted, campaigns=())
