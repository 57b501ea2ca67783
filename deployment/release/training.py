"""What a plan changes of the next training: its solutions, filters and data sets.

They are one JSON text in the state machine's definition, whose difference as a text does not show which they are.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deployment.release.redaction import describe, is_change

if TYPE_CHECKING:
    from collections.abc import Iterator

_HASH_CHARACTERS = 9  # `-` and eight digits, as infrastructure/modules/recommender/locals.tf names a filter


def describe_training(plan: dict[str, Any]) -> str:
    """Return Markdown with what is added, changed and removed of the training; empty if nothing is.

    Parameters
    ----------
    plan
        As ``terraform show -json`` prints it.
    """
    lines: list[str] = []
    for change in plan.get("resource_changes", []):
        if change["type"] == "aws_sfn_state_machine" and is_change(change):
            before, after = (_declared(change["change"].get(side)) for side in ("before", "after"))
            if change["change"].get("after_unknown", {}).get("definition") is True:
                lines.append("what is trained: (known after apply)")
                continue
            for name in sorted(before.keys() | after.keys()):
                lines += _difference(name, before.get(name), after.get(name))
    if not lines:
        return ""
    listed = "\n".join(lines)
    return f"\n**What the next training changes**\n\n````diff\n{listed}\n````\n"


def _difference(name: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[str]:
    if before == after:
        return []
    action = "create" if before is None else "delete" if after is None else "update"
    return describe({"address": name, "change": {"actions": [action], "before": before, "after": after}})


def _declared(machine: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Return what a state machine's definition declares, by kind and declared name."""
    text = (machine or {}).get("definition")
    found = next(_configurations(json.loads(text)), {}) if text else {}
    prefix = f"{found.get('dataset_group', '')}-"
    declared: dict[str, dict[str, Any]] = {}
    for solution in found.get("solutions", []):
        declared[f"solution {solution['name'].removeprefix(prefix)}"] = solution
    for each in found.get("filters", []):
        name = each["name"].removeprefix(prefix)[:-_HASH_CHARACTERS]
        declared[f"filter {name}"] = {"expression": each["expression"]}
    for each in found.get("datasets", []):
        declared[f"data set {each['folder']}"] = each
    if "judge" in found:
        declared["judge"] = found["judge"]
    return declared


def _configurations(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the configuration that a state of the definition assigns."""
    if isinstance(value, dict):
        configuration = value.get("configuration")
        if isinstance(configuration, dict) and "solutions" in configuration:
            yield configuration
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _configurations(inner)
