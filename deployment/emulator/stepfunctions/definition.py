"""Validates a state machine's definition: its JSON, its states, and their transitions.

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
class Diagnostic:
    """An error in a definition and its location."""

    code: str
    message: str
    location: str


def diagnose(definition: str) -> list[Diagnostic]:
    """Return the errors of a definition in Amazon States Language; none where it can run."""
    try:
        machine = json.loads(definition)
    except ValueError as error:
        return [Diagnostic("INVALID_JSON_DESCRIPTION", str(error), "/")]
    if not isinstance(machine, dict):
        return [Diagnostic(SCHEMA, "The definition must be an object", "/")]
    return list(_diagnose_machine(machine, "", frozenset()))


def _diagnose_machine(machine: dict[str, Any], location: str, outer: frozenset[str]) -> Iterator[Diagnostic]:
    """Yield the errors of a machine; `outer` are the variables that the scopes around it assign."""
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield Diagnostic(SCHEMA, "The field 'States' must be an object with at least one state", f"{location}/States")
        return
    if machine.get("StartAt") not in states:
        yield Diagnostic(
            "MISSING_TRANSITION_TARGET", f"Missing 'StartAt' target: {machine.get('StartAt')}", f"{location}/StartAt"
        )
    visible = outer | {variable for state in states.values() for variable, _ in _assigned(state, "")}
    reached = {machine.get("StartAt")}
    for name, state in states.items():
        here = f"{location}/States/{name}"
        if not isinstance(state, dict) or state.get("Type") not in STATE_TYPES:
            yield Diagnostic(
                SCHEMA, f"A state's 'Type' must be one of {', '.join(sorted(STATE_TYPES))}", f"{here}/Type"
            )
            continue
        targets = list(_targets(state, here))
        reached |= {target for target, _ in targets}
        for target, place in targets:
            if target not in states:
                yield Diagnostic("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target}", place)
        yield from _diagnose_ending(state, here)
        yield from _diagnose_variables(state, here, outer)
        for inner, place in _inner_machines(state, here):
            yield from _diagnose_machine(inner, place, visible)
    for name in states:
        if name not in reached:
            yield Diagnostic(
                "MISSING_TRANSITION_TARGET", f"State '{name}' is not reachable", f"{location}/States/{name}"
            )


def _targets(state: dict[str, Any], here: str) -> Iterator[tuple[str, str]]:
    for field in ("Next", "Default"):
        if field in state:
            yield state[field], f"{here}/{field}"
    for field in ("Choices", "Catch"):
        for index, rule in enumerate(state.get(field, [])):
            yield rule.get("Next", ""), f"{here}/{field}[{index}]/Next"


def _diagnose_variables(state: dict[str, Any], here: str, outer: frozenset[str]) -> Iterator[Diagnostic]:
    for variable, place in _assigned(state, here):
        if variable in outer:
            yield Diagnostic(SCHEMA, f"Variable '{variable}' is assigned in an outer scope as well", place)


def _assigned(state: Any, here: str) -> Iterator[tuple[str, str]]:
    """Yield each variable that a state assigns, itself or in a rule, and the place of its `Assign`.

    https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html: a variable of an inner
    scope cannot have the name of one that an outer scope assigns.
    """
    if not isinstance(state, dict):
        return
    for variable in state.get("Assign", {}):
        yield variable.removesuffix(".$"), f"{here}/Assign"
    for field in ("Choices", "Catch"):
        for index, rule in enumerate(state.get(field, [])):
            yield from _assigned(rule, f"{here}/{field}[{index}]")


def _diagnose_ending(state: dict[str, Any], here: str) -> Iterator[Diagnostic]:
    kind = state["Type"]
    if kind in TERMINAL_TYPES or kind == "Choice":
        return
    if ("Next" in state) == (state.get("End") is True):
        yield Diagnostic(SCHEMA, "A state has either 'Next' or 'End': true", here)
    if kind == "Task" and not isinstance(state.get("Resource"), str):
        yield Diagnostic(SCHEMA, "A Task has a 'Resource'", f"{here}/Resource")


def _inner_machines(state: dict[str, Any], here: str) -> Iterator[tuple[dict[str, Any], str]]:
    for index, branch in enumerate(state.get("Branches", [])):
        yield branch, f"{here}/Branches[{index}]"
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            yield state[field], f"{here}/{field}"
