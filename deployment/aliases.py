"""The aliases of the API's functions, which an apply leaves at their versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# Moved last, since the others read what it writes.
_WRITERS = ("collect",)


@dataclass(frozen=True)
class Move:
    """A move of a function's alias from one version to another."""

    function: str
    alias: str
    old: str
    new: str


def moves(functions: Any, targets: Mapping[str, Mapping[str, str]]) -> list[Move]:
    """Return the aliases that are not at their target, readers first.

    Parameters
    ----------
    functions
        Lambda's client.
    targets
        Terraform's output ``rollout``.
    """
    found = []
    for purpose in sorted(targets, key=lambda purpose: (purpose in _WRITERS, purpose)):
        target = targets[purpose]
        alias = functions.get_alias(FunctionName=target["function"], Name=target["alias"])
        weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        if alias["FunctionVersion"] != target["version"] or weights:
            found.append(Move(target["function"], target["alias"], alias["FunctionVersion"], target["version"]))
    return found


def switch(functions: Any, targets: Mapping[str, Mapping[str, str]]) -> None:
    """Move every alias to its target at once, without checks."""
    for move in moves(functions, targets):
        point(functions, move, move.new, {})


def point(functions: Any, move: Move, version: str, weights: Mapping[str, float]) -> None:
    """Set the version of an alias, and the share of the other version."""
    functions.update_alias(
        FunctionName=move.function,
        Name=move.alias,
        FunctionVersion=version,
        RoutingConfig={"AdditionalVersionWeights": {name: share for name, share in weights.items() if name != version}},
    )
