"""Solutions: a recipe with its settings for a dataset group."""

from __future__ import annotations

import math
import shutil
from typing import TYPE_CHECKING, Any

from model.engine import limits
from model.engine.errors import InvalidInputError
from model.engine.operations.claims import check_quota, claim, find, find_active, refuse_while
from model.engine.operations.pages import page
from model.engine.operations.recipes import recipe_of
from model.engine.resources import ACTIVE, DELETE_PENDING, FAILED, Resource

if TYPE_CHECKING:
    from model.engine.arns import Caller
    from model.engine.engine import Engine
    from model.recipes.named_recipe import NamedRecipe

KIND = "solution"
NOT_OFFERED = ("hpoConfig", "autoMLConfig", "optimizationObjective")


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateSolution."""
    _check_offered(request)
    group = find_active(engine, caller, "dataset-group", request["datasetGroupArn"])
    _check_config(recipe_of(request["recipeArn"]), request.get("solutionConfig") or {})
    check_quota(engine, caller, KIND, limits.SOLUTIONS_PER_GROUP, datasetGroupArn=group.arn)
    document = {"performHPO": False, "performAutoML": False, "performIncrementalUpdate": False, **request}
    solution = claim(engine, caller, KIND, f"solution/{request['name']}", document)
    engine.lifecycles.create(solution)
    return {"solutionArn": solution.arn}


def describe(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeSolution, with its latest version."""
    solution = find(engine, caller, KIND, request["solutionArn"])
    versions = list(engine.resources.of_kind("solution-version", solutionArn=solution.arn))
    latest = {"latestSolutionVersion": versions[-1].document} if versions else {}
    return {"solution": {**solution.document, **latest}}


def list_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """ListSolutions."""
    found = engine.resources.of_kind(KIND, datasetGroupArn=request.get("datasetGroupArn"))
    return page(caller, request, "solutions", found)


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteSolution, with its versions; campaigns go first."""
    solution = find_active(engine, caller, KIND, request["solutionArn"])
    versions = list(engine.resources.of_kind("solution-version", solutionArn=solution.arn))
    refuse_while("a version is being trained", [one for one in versions if one.status not in {ACTIVE, FAILED}])
    campaigns = [one for one in engine.resources.of_kind("campaign") if one.private["solution"] == solution.arn]
    refuse_while("a campaign uses the solution", campaigns)
    solution.document["status"] = DELETE_PENDING
    engine.resources.save(solution)
    resume_deletion(engine, solution)
    return {}


def resume_creation(engine: Engine, solution: Resource) -> None:
    """Go on with a creation that a stop of the engine broke off."""
    engine.lifecycles.create(solution)


def resume_deletion(engine: Engine, solution: Resource) -> None:
    """Begin a deletion, or go on with one that a stop of the engine broke off."""

    async def remove() -> None:
        versions = list(engine.resources.of_kind("solution-version", solutionArn=solution.arn))
        engine.resources.remove(solution, *versions)
        for version in versions:
            shutil.rmtree(engine.state.version(version.private["id"]), ignore_errors=True)

    engine.lifecycles.delete(solution, remove)


def _check_offered(request: dict[str, Any]) -> None:
    if not request.get("recipeArn"):
        raise InvalidInputError("recipeArn is required")
    if request.get("performAutoTraining", True):
        raise InvalidInputError("automatic training is not offered yet: set performAutoTraining to false")
    for name in ("performHPO", "performAutoML", "performIncrementalUpdate"):
        if request.get(name):
            raise InvalidInputError(f"{name} is not offered yet: leave it out")
    config = request.get("solutionConfig") or {}
    for name in NOT_OFFERED:
        if config.get(name):
            raise InvalidInputError(f"solutionConfig.{name} is not offered yet: leave it out")


def _check_config(recipe: NamedRecipe, config: dict[str, Any]) -> None:
    for member in ("algorithmHyperParameters", "featureTransformationParameters"):
        for name, value in (config.get(member) or {}).items():
            known = recipe.parameters.get(name)
            if known is None or known.featurization != (member == "featureTransformationParameters"):
                mine = [one for one, of in recipe.parameters.items() if of.featurization == (member[0] == "f")]
                raise InvalidInputError(f"{recipe.name} has no {name} in {member}; it has {', '.join(mine) or 'none'}")
            if known.only_tuned:
                raise InvalidInputError(f"{name} can only be chosen by hyper-parameter optimisation: use hpoConfig")
            refusal = known.refusal(value)
            if refusal:
                raise InvalidInputError(f"{name} {refusal}, not {value}")
    threshold = config.get("eventValueThreshold")
    if threshold is not None:
        _check_range("eventValueThreshold", threshold, -math.inf, math.inf)


def _check_range(name: str, value: str, least: float, most: float) -> None:
    try:
        number = float(value)
    except ValueError:
        raise InvalidInputError(f"{name} must be a number, not {value!r}") from None
    if not least <= number <= most:
        raise InvalidInputError(f"{name} must be from {least:g} to {most:g}, not {value}")


OPERATIONS = {
    "CreateSolution": create,
    "DescribeSolution": describe,
    "ListSolutions": list_all,
    "DeleteSolution": delete,
}
