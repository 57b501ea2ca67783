"""Recipes, algorithms and feature transformations, which the service owns and all accounts share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.engine.operations.resources.pages import Listed, page
from model.engine.personalize import limits
from model.engine.personalize.arns import Caller, service_arn
from model.engine.personalize.errors import ResourceNotFoundError
from model.engine.storage.control_plane.resources import ACTIVE
from model.engine.training.tuning_rules import KINDS, range_of
from model.registry.recipes import RECIPES

if TYPE_CHECKING:
    from model.engine.operations.resources.kind import Operations
    from model.engine.runtime.engine import Engine
    from model.registry.named_recipe import NamedRecipe

OFFERED_SINCE = 1_560_124_800.0  # 10 June 2019, when the service was opened to all
OFFERED = {"creationDateTime": OFFERED_SINCE, "lastUpdatedDateTime": OFFERED_SINCE}


class _Service(Caller):
    """The service itself, whose ARNs have neither account nor region."""

    def __init__(self) -> None:
        super().__init__("", "")


def recipe_of(arn: str) -> NamedRecipe:
    """Return the recipe of an ARN."""
    return _named("recipe", arn)


def describe(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - the same for all
    """DescribeRecipe."""
    return {"recipe": _document(recipe_of(request["recipeArn"]))}


def list_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - the same for all
    """ListRecipes: those of a domain, or all."""
    domain = request.get("domain")
    offered = [recipe for recipe in RECIPES.values() if domain in {None, recipe.domain}]
    listed = [Listed(service_arn("recipe", recipe.name), _document(recipe)) for recipe in offered]
    return page(_Service(), request, "recipes", listed)


def describe_algorithm(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - the same for all
    """DescribeAlgorithm: hyper-parameters with their ranges."""
    recipe = _named("algorithm", request["algorithmArn"])
    own = {name: parameter for name, parameter in recipe.parameters.items() if not parameter.featurization}
    ranges: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for name, entry in own.items():
        kind, described = range_of(name, entry)
        ranges[kind].append({**described, "isTunable": entry.tunable})
    return {
        "algorithm": {
            "name": recipe.name,
            "algorithmArn": request["algorithmArn"],
            "algorithmImage": {"name": recipe.name, "dockerURI": recipe.algorithm.__name__},
            "defaultHyperParameters": {name: entry.default for name, entry in own.items()},
            "defaultHyperParameterRanges": {
                f"{kind}HyperParameterRanges": described for kind, described in ranges.items()
            },
            "defaultResourceConfig": {
                "maxNumberOfTrainingJobs": str(limits.HPO_JOBS_DEFAULT),
                "maxParallelTrainingJobs": "1",
            },
            "trainingInputMode": "File",
            **OFFERED,
        }
    }


def describe_feature_transformation(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - the same for all
    """DescribeFeatureTransformation: how data is prepared before a training."""
    arn = request["featureTransformationArn"]
    recipe = _named("feature-transformation", arn)
    parameters = {name: parameter.default for name, parameter in recipe.parameters.items() if parameter.featurization}
    described = {"name": recipe.name, "featureTransformationArn": arn, "defaultParameters": parameters}
    return {"featureTransformation": {**described, "status": ACTIVE, **OFFERED}}


def _named(kind: str, arn: str) -> NamedRecipe:
    recipe = RECIPES.get(arn.removeprefix(service_arn(kind, "")))
    if recipe is None:
        raise ResourceNotFoundError(f"there is no {kind.replace('-', ' ')} {arn}")
    return recipe


def _document(recipe: NamedRecipe) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "recipeArn": service_arn("recipe", recipe.name),
        "algorithmArn": service_arn("algorithm", recipe.name),
        "featureTransformationArn": service_arn("feature-transformation", recipe.name),
        "status": ACTIVE,
        "description": recipe.description,
        "recipeType": recipe.kind,
        "domain": recipe.domain,
        **OFFERED,
    }


OPERATIONS: Operations = {
    "DescribeRecipe": describe,
    "ListRecipes": list_all,
    "DescribeAlgorithm": describe_algorithm,
    "DescribeFeatureTransformation": describe_feature_transformation,
}
