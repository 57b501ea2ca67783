"""Which values hyper-parameter optimisation may try (developer guide, "Hyperparameters and HPO")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError

if TYPE_CHECKING:
    from model.registry.named_recipe import NamedRecipe, Parameter

KINDS = ("integer", "continuous", "categorical")


def ranges_of(config: dict[str, Any] | None) -> list[tuple[str, dict[str, Any]]]:
    """Return the ranges of an HPOConfig as (kind, range).

    Returns
    -------
    list of (str, dict)
        The kind is integer, continuous or categorical.
    """
    given = (config or {}).get("algorithmHyperParameterRanges") or {}
    return [(kind, one) for kind in KINDS for one in given.get(f"{kind}HyperParameterRanges") or []]


def default_ranges(recipe: NamedRecipe) -> list[tuple[str, dict[str, Any]]]:
    """Return the ranges of all hyper-parameters of a recipe that can be tuned, as `ranges_of` does.

    Returns
    -------
    list of (str, dict)
    """
    return [range_of(name, one) for name, one in recipe.parameters.items() if one.tunable]


def range_of(name: str, parameter: Parameter) -> tuple[str, dict[str, Any]]:
    """Return the values that a hyper-parameter can have, as (kind, range).

    Returns
    -------
    (str, dict)
    """
    if parameter.choices:
        return "categorical", {"name": name, "values": list(parameter.choices)}
    if parameter.integer:
        return "integer", {"name": name, "minValue": int(parameter.least), "maxValue": int(parameter.most)}
    return "continuous", {"name": name, "minValue": parameter.least, "maxValue": parameter.most}


def trials(config: dict[str, Any] | None) -> int:
    """Return how many trainings hyper-parameter optimisation may make.

    Parameters
    ----------
    config : dict or None
        hpoConfig.
    """
    resources = (config or {}).get("hpoResourceConfig") or {}
    _count(resources, "maxParallelTrainingJobs", limits.HPO_PARALLEL_JOBS, limits.HPO_PARALLEL_JOBS)
    return _count(resources, "maxNumberOfTrainingJobs", limits.HPO_JOBS, limits.HPO_JOBS_DEFAULT)


def check_tuning(recipe: NamedRecipe, config: dict[str, Any] | None, *, asked: bool) -> None:
    """Check performHPO and hpoConfig.

    Parameters
    ----------
    asked : bool
        performHPO.
    """
    if config and not asked:
        raise InvalidInputError("solutionConfig.hpoConfig needs performHPO")
    if not asked:
        return
    if (config or {}).get("hpoObjective"):
        raise InvalidInputError("hpoObjective cannot be configured: leave it out")
    if not default_ranges(recipe):
        raise InvalidInputError(f"{recipe.name} has no hyper-parameter that can be tuned: leave performHPO out")
    trials(config)
    seen: set[str] = set()
    for kind, one in ranges_of(config):
        _check_range(recipe, kind, one)
        if one["name"] in seen:
            raise InvalidInputError(f"hpoConfig has two ranges for {one['name']}")
        seen.add(one["name"])


def _check_range(recipe: NamedRecipe, kind: str, given: dict[str, Any]) -> None:
    name = given.get("name")
    allowed = {one["name"]: (of_kind, one) for of_kind, one in default_ranges(recipe)}
    if name not in allowed:
        raise InvalidInputError(f"{name} cannot be tuned; of {recipe.name} {', '.join(allowed)} can")
    own_kind, own = allowed[name]
    if kind != own_kind:
        raise InvalidInputError(f"{name} is {own_kind}: give its range in {own_kind}HyperParameterRanges")
    if kind == "categorical":
        unknown = [value for value in given.get("values") or [] if value not in own["values"]]
        if unknown or not given.get("values"):
            shown = unknown[0] if unknown else "none"
            raise InvalidInputError(f"the values of {name} must be some of {', '.join(own['values'])}, not {shown}")
        return
    least, most = given.get("minValue", own["minValue"]), given.get("maxValue", own["maxValue"])
    if not own["minValue"] <= least <= most <= own["maxValue"]:
        raise InvalidInputError(
            f"the range of {name} must lie within {own['minValue']:g} to {own['maxValue']:g}, not {least:g} to {most:g}"
        )


def _count(resources: dict[str, Any], name: str, most: int, default: int) -> int:
    value = resources.get(name)
    if value is None:
        return default
    if not value.isdecimal() or not 1 <= int(value) <= most:
        raise InvalidInputError(f"{name} must be a whole number from 1 to {most}, not {value}")
    return int(value)
