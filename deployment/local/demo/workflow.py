"""Trains by the API, as an application would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployment.workflow import follow

if TYPE_CHECKING:
    from deployment.local.demo.api import Api
    from deployment.workflow import Progress


def train(api: Api, stepfunctions: Any, state_machine_arn: str, bar: Progress) -> dict[str, Any]:
    """Start training by POST /train, wait for it, and return the output of the execution; raises as `follow` does."""
    started = api.post("/train", {})
    arn = state_machine_arn.replace(":stateMachine:", ":execution:") + ":" + started["id"]
    return follow(stepfunctions, arn, bar)
