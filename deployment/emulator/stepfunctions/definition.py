"""What makes a state machine's definition unusable: its JSON, its states, and where they lead.

Codes are those of ValidateStateMachineDefinition
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE_TYPES = frozenset({"Pass", "Task", "Choice", "Wait", "Parallel", "Map", "Succeed", "Fail"})
TERMINAL_TYPES = frozenset({"Succeed", "Fail"})
SCHEMA = "SCHEMA_VALIDATION_FAILED"


@dataclass(frozen=True)
class Fault:
    """One reason why a definition is refused, and where it lies."""

    code: str
    message: str
    location: str


def faults_of(definition: str) -> list[Fault]:
    """Find what is wrong with a definition.

    Parameters
    ----------
    definition
        Amazon States Language as JSON text.

    Returns
    -------
    list of Fault
        Empty when the definition can run.
    """
    try:
        machine = json.loads(definition)
    except ValueError as error:
        return [Fault("INVALID_JSON_DESCRIPTION", str(error), "/")]
    if not isinstance(machine, dict):
        return [Fault(SCHEMA, "The definition must be an object", "/")]
    return list(_machine_faults(machine, ""))


def _machine_faults(machine: dict[str, Any], location: str) -> Iterator[Fault]:
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield Fault(SCHEMA, "The field 'States' must be an object with at least one state", f"{location}/States")
        return
    if machine.get("StartAt") not in states:
        yield Fault(
            "MISSING_TRANSITION_TARGET", f"Missing 'StartAt' target: {machine.get('StartAt')}", f"{location}/StartAt"
        )
    reached = {machine.get("StartAt")}
    for name, state in states.items():
        here = f"{location}/States/{name}"
        if not isinstance(state, dict) or state.get("Type") not in STATE_TYPES:
            yield Fault(SCHEMA, f"A state's 'Type' must be one of {', '.join(sorted(STATE_TYPES))}", f"{here}/Type")
            continue
        targets = list(_targets(state, here))
        reached |= {target for target, _ in targets}
        for target, place in targets:
            if target not in states:
                yield Fault("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target}", place)
        yield from _ending_faults(state, here)
        for inner, place in _inner_machines(state, here):
            yield from _machine_faults(inner, place)
    for name in states:
        if name not in reached:
            yield Fault("MISSING_TRANSITION_TARGET", f"State '{name}' is not reachable", f"{location}/States/{name}")


def _targets(state: dict[str, Any], here: str) -> Iterator[tuple[str, str]]:
    for field in ("Next", "Default"):
        if field in state:
            yield state[field], f"{here}/{field}"
    for field in ("Choices", "Catch"):
        for index, rule in enumerate(state.get(field, [])):
            yield rule.get("Next", ""), f"{here}/{field}[{index}]/Next"


def _ending_faults(state: dict[str, Any], here: str) -> Iterator[Fault]:
    kind = state["Type"]
    if kind in TERMINAL_TYPES or kind == "Choice":
        return
    if ("Next" in state) == (state.get("End") is True):
        yield Fault(SCHEMA, "A state has either 'Next' or 'End': true", here)
    if kind == "Task" and not isinstance(state.get("Resource"), str):
        yield Fault(SCHEMA, "A Task has a 'Resource'", f"{here}/Resource")


def _inner_machines(state: dict[str, Any], here: str) -> Iterator[tuple[dict[str, Any], str]]:
    for index, branch in enumerate(state.get("Branches", [])):
        yield branch, f"{here}/Branches[{index}]"
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            yield state[field], f"{here}/{field}"
