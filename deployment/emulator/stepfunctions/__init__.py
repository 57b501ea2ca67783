"""Step Functions as AWS runs it: time limits, stopping, variables, and the integrations that Rivulet's workflows use.

MiniStack ignores a state machine's ``TimeoutSeconds``, goes on inside Map and Parallel after StopExecution, ignores
``Output`` of a JSONata Succeed state and every JSONata field of Parallel, and has no integration with Personalize, Glue
jobs, Athena, or S3 objects. ``README.md`` beside this package says what an author of a workflow can rely on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployment.emulator.stepfunctions import branches, execution, integrations, permissions, start

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings


def install(settings: Settings) -> None:  # noqa: ARG001 - every seam has the same shape
    """Put the overrides into MiniStack's Step Functions, outermost last."""
    execution.install()
    branches.install()
    start.install()
    integrations.install()
    permissions.install()
