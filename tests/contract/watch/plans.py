"""Plans of the root by its Terraform tests, with the real provider and no network."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from deployment.terraform import invocation

if TYPE_CHECKING:
    from pathlib import Path


def planned_resources(data: Path, *options: str) -> list[dict[str, Any]]:
    """Return the resources, each with its `type` and `values`, of the one plan that `terraform test` makes."""
    printed = ""
    for arguments in (["init", "-backend=false", "-input=false"], ["test", "-json", "-verbose", *options]):
        call = invocation(arguments, os.environ | {"TF_DATA_DIR": str(data)})
        done = subprocess.run(
            call.command, cwd=call.directory, env=call.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        printed = done.stdout
    [plan] = [line["test_plan"] for line in map(json.loads, printed.splitlines()) if line["type"] == "test_plan"]
    return [
        {"type": change["type"], "values": change["change"]["after"]}
        for change in plan["resource_changes"]
        if change["mode"] == "managed" and change["change"]["after"]
    ]
