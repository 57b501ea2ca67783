"""Weights of an alias: an invocation goes to one of its two versions at random.

MiniStack stores the weights and invokes the alias's first version.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from ministack.services import lambda_svc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def version_of(function: str, qualifier: str | None) -> str | None:
    """Return the version to invoke for an alias with weights, otherwise the qualifier.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
    """
    alias = ((lambda_svc._functions.get(function) or {}).get("aliases") or {}).get(qualifier) or {}
    weights: dict[str, float] = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    for version, weight in weights.items():
        if random.random() < weight:  # noqa: S311 - not a secret
            return version
    return qualifier


def with_weights(invoke: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Choose the version before an invocation through Lambda's API."""

    async def invoke_version(
        name: str,
        event: Any,
        headers: dict[str, str],
        path_qualifier: str | None = None,
        query_params: dict[str, list[str]] | None = None,
    ) -> Any:
        qualifier = lambda_svc._qualifier_from_path_or_query(path_qualifier, query_params)
        return await invoke(name, event, headers, version_of(name, qualifier), query_params)

    return invoke_version


def routed(reference: str) -> str:
    """Return the reference of an integration with the version to invoke in place of an alias with weights."""
    name, qualifier = lambda_svc._resolve_name_and_qualifier(reference)
    version = version_of(name, qualifier)
    return reference if version == qualifier else f"{reference.removesuffix(f':{qualifier}')}:{version}"
