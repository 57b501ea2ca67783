"""Step Functions: time limits, stopping, variables, and the integrations that Rivulet's workflows use.

MiniStack ignores a state machine's ``TimeoutSeconds``, continues Map and Parallel after StopExecution, ignores
``Output`` of a JSONata Succeed state and every JSONata field of Parallel, and has no integration with Personalize, Glue
jobs, Athena, or S3 objects. The emulator's ``README.md`` lists the features that a workflow can rely on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployment.emulator.stepfunctions import branches, errors, execution, integrations, permissions, start

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings


def install(settings: Settings) -> None:  # noqa: ARG001 - every override has the same signature
    """Install the parts in order: the last one wraps the others."""
    execution.install()
    branches.install()
    start.install()
    errors.install()
    integrations.install()
    permissions.install()
