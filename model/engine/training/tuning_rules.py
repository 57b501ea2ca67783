"""Rules of hyper-parameter optimisation (developer guide, "Hyperparameters and HPO")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError

if TYPE_CHECKING:
    from model.registry.named_recipe import NamedRecipe, Parameter

KINDS = ("integer", "continuous", "categorical")


def ranges_of(config: dict[str, Any] | None) -> list[tuple[str, dict[str, Any]]]:
    """Return the ranges of an HPOConfig as (kind, range); a kind is integer, continuous or categorical."""
    given = (config or {}).get("algorithmHyperParameterRanges") or {}
    return [(kind, values) for kind in KINDS for values in given.get(f"{kind}HyperParameterRanges") or []]


def default_ranges(recipe: NamedRecipe) -> list[tuple[str, dict[str, Any]]]:
    """Return the ranges of all tunable hyper-parameters of a recipe, as `ranges_of` does."""
    return [range_of(name, parameter) for name, parameter in recipe.parameters.items() if parameter.tunable]


def range_of(name: str, parameter: Parameter) -> tuple[str, dict[str, Any]]:
    """Return the range of a hyper-parameter, as (kind, range)."""
    if parameter.choices:
        return "categorical", {"name": name, "values": list(parameter.choices)}
    if parameter.integer:
        return "integer", {"name": name, "minValue": int(parameter.least), "maxValue": int(parameter.most)}
    return "continuous", {"name": name, "minValue": parameter.least, "maxValue": parameter.most}


def trials(config: dict[str, Any] | None) -> int:
    """Return the limit of an hpoConfig on trainings of a hyper-parameter optimisation."""
    resources = (config or {}).get("hpoResourceConfig") or {}
    _count(resources, "maxParallelTrainingJobs", limits.HPO_PARALLEL_JOBS, limits.HPO_PARALLEL_JOBS)
    return _count(resources, "maxNumberOfTrainingJobs", limits.HPO_JOBS, limits.HPO_JOBS_DEFAULT)


def check_tuning(recipe: NamedRecipe, config: dict[str, Any] | None, *, performed: bool) -> None:
    """Check performHPO and hpoConfig."""
    if config and not performed:
        raise InvalidInputError("solutionConfig.hpoConfig needs performHPO")
    if not performed:
        return
    if (config or {}).get("hpoObjective"):
        raise InvalidInputError("hpoObjective cannot be configured: omit it")
    if not default_ranges(recipe):
        raise InvalidInputError(f"{recipe.name} has no tunable hyper-parameter: omit performHPO")
    trials(config)
    seen: set[str] = set()
    for kind, given in ranges_of(config):
        _check_range(recipe, kind, given)
        if given["name"] in seen:
            raise InvalidInputError(f"hpoConfig has two ranges for {given['name']}")
        seen.add(given["name"])


def _check_range(recipe: NamedRecipe, kind: str, given: dict[str, Any]) -> None:
    name = given.get("name")
    allowed = {values["name"]: (of_kind, values) for of_kind, values in default_ranges(recipe)}
    if name not in allowed:
        raise InvalidInputError(
            f"{name} is not tunable; tunable hyper-parameters of {recipe.name}: {', '.join(allowed)}"
        )
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
    if not (value.isascii() and value.isdecimal()) or not 1 <= int(value) <= most:
        raise InvalidInputError(f"{name} must be a whole number from 1 to {most}, not {value}")
    return int(value)
