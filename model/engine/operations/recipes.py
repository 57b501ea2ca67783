"""Recipes: what the service owns and everybody may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.engine.arns import Caller, service_arn
from model.engine.errors import ResourceNotFoundError
from model.engine.operations.pages import page
from model.engine.resources import ACTIVE, Resource
from model.recipes.names import RECIPES

if TYPE_CHECKING:
    from model.engine.engine import Engine
    from model.recipes.named_recipe import NamedRecipe

OFFERED_SINCE = 1_560_124_800.0  # 10 June 2019, when the service was opened to all


class _Service(Caller):
    """Stands for the service itself, whose ARNs have neither account nor region."""

    def __init__(self) -> None:
        super().__init__("", "")


def recipe_of(arn: str) -> NamedRecipe:
    """Return the recipe of an ARN.

    Parameters
    ----------
    arn : str

    Returns
    -------
    NamedRecipe

    Raises
    ------
    ResourceNotFoundError
    """
    found = RECIPES.get(arn.removeprefix(service_arn("recipe", "")))
    if found is None or service_arn("recipe", found.name) != arn:
        raise ResourceNotFoundError(f"there is no recipe {arn}")
    return found


def describe(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - the same for all
    """DescribeRecipe."""
    return {"recipe": _document(recipe_of(request["recipeArn"]))}


def list_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - the same for all
    """ListRecipes: those of a domain, or all."""
    domain = request.get("domain")
    offered = [one for one in RECIPES.values() if domain in {None, one.domain}]
    listed = [Resource(service_arn("recipe", one.name), "recipe", _document(one)) for one in offered]
    return page(_Service(), request, "recipes", listed)


def _document(recipe: NamedRecipe) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "recipeArn": service_arn("recipe", recipe.name),
        "algorithmArn": service_arn("algorithm", recipe.name),
        "featureTransformationArn": service_arn("feature-transformation", recipe.name),
        "status": ACTIVE,
        "description": recipe.description,
        "recipeType": recipe.kind,
        "creationDateTime": OFFERED_SINCE,
        "lastUpdatedDateTime": OFFERED_SINCE,
    }


OPERATIONS = {"DescribeRecipe": describe, "ListRecipes": list_all}
