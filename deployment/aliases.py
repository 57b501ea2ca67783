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
    """Return the aliases that are not at their target of Terraform's output ``rollout``, readers first."""
    found = []
    for purpose in sorted(targets, key=lambda purpose: (purpose in _WRITERS, purpose)):
        target = targets[purpose]
        alias = functions.get_alias(FunctionName=target["function"], Name=target["alias"])
        if alias["FunctionVersion"] != target["version"] or _weights(alias):
            found.append(Move(target["function"], target["alias"], alias["FunctionVersion"], target["version"]))
    return found


# The versions of a function that stay besides those that an alias names: to look at, and to move back to by hand.
KEPT_VERSIONS = 3


def delete_old_versions(functions: Any, targets: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Delete the versions that earlier applies published, but for the latest and those of an alias.

    Lambda keeps every version, and its quota of 75 GB of code counts them all:
    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html

    Returns
    -------
    list[str]
        The deleted ones, each as function:version.
    """
    deleted = []
    for target in targets.values():
        name = target["function"]
        pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName=name)
        versions = [version["Version"] for page in pages for version in page["Versions"]]
        numbers = sorted((int(version) for version in versions if version != "$LATEST"), reverse=True)
        alias = functions.get_alias(FunctionName=name, Name=target["alias"])
        used = {alias["FunctionVersion"], *_weights(alias)}
        for number in numbers[KEPT_VERSIONS:]:
            if str(number) not in used:
                functions.delete_function(FunctionName=name, Qualifier=str(number))
                deleted.append(f"{name}:{number}")
    return deleted


def _weights(alias: Mapping[str, Any]) -> Mapping[str, float]:
    weights: Mapping[str, float] = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return weights


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
