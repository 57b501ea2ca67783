"""Compares an environment with Terraform's state, and writes the text of the issue that reports a difference."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deployment.release.redaction import describe, differs

if TYPE_CHECKING:
    from pathlib import Path

    from deployment.release.environment import Environment

_DRIFTED = 2  # of -detailed-exitcode


def find_drift(environment: Environment, folder: Path) -> str | None:
    """Return the text of an issue in Markdown, or None if everything is as the state describes it.

    `ReleaseError` if the environment is not deployed.
    """
    environment.initialize()
    environment.outputs()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "drift.tfplan"
    status, _ = environment.terraform(
        *("plan", "-refresh-only", "-input=false", "-lock=false", "-no-color", "-detailed-exitcode", f"-out={file}"),
        environment.variable_file,
        accepted=(0, _DRIFTED),
    )
    if status == 0:
        return None
    return report(environment.name, json.loads(environment.terraform("show", "-json", str(file))[1]))


def report(name: str, shown: dict[str, Any]) -> str | None:
    """Return the text for a refresh-only plan, or None where all that changed is what deployments change."""
    drifted = [change for change in shown.get("resource_drift", []) if not _is_deployed(change)]
    lines = [line for change in drifted for line in describe(change)]
    if not lines:
        return None
    listed = "\n".join(lines)
    resources = "1 resource" if len(drifted) == 1 else f"{len(drifted)} resources"
    # No workflow knows the laptop, and no issue reports it.
    way = "plan and apply it" if name == "local" else "run the workflow deploy"
    end = "" if name == "local" else " This issue is closed once nothing differs."
    return (
        f"`{name}` differs from Terraform's state in {resources}. Either repeat the change in the configuration, "
        f"or {way}, which reverts it.{end}\n\n````diff\n{listed}\n````\n"
    )


def _is_deployed(change: dict[str, Any]) -> bool:
    """Return whether only the version of an alias changed, which rollouts set, or nothing; a left weight is drift."""
    before, after = change["change"].get("before") or {}, change["change"].get("after") or {}
    differing = {name for name in before.keys() | after.keys() if differs(before.get(name), after.get(name))}
    return not differing or (change["type"] == "aws_lambda_alias" and differing <= {"function_version"})
