"""Trains a recipe for an evaluation as the engine does, with settings tuned on the training part."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.datasets.training_data import TrainingData
from model.recipes.recipe import REPEATS, Recipe, UnsuitableDataError
from model.registry.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.datasets.data_set import DataSet
    from model.datasets.interactions import Interactions


class UnknownRecipeError(ValueError):
    """No recipe has that name, or it lacks the hyper-parameter; the message lists the existing ones."""


@dataclass(frozen=True)
class Trained:
    """A trained recipe and the durations of its tuning and training."""

    recipe: Recipe
    settings: dict[str, float]
    tuning_seconds: float
    training_seconds: float


def check_recipe(name: str, parameters: Mapping[str, str]) -> None:
    """Check that a recipe can be evaluated, before any data are read.

    Raises
    ------
    UnknownRecipeError
        There is no such recipe, it does not recommend items, or it lacks a hyper-parameter.
    """
    item_recipes = [
        recipe.name
        for recipe in RECIPES.values()
        if issubclass(recipe.algorithm, Recipe) and not recipe.recommends_actions
    ]
    if name not in item_recipes:
        raise UnknownRecipeError(f"{name} is not a recipe that recommends items; these are: {', '.join(item_recipes)}")
    known = RECIPES[name].parameters
    for parameter, value in parameters.items():
        if parameter not in known:
            raise UnknownRecipeError(f"{name} has no hyper-parameter {parameter}; it has: {', '.join(known) or 'none'}")
        refusal = known[parameter].refusal(value)
        if refusal:
            raise UnknownRecipeError(f"the hyper-parameter {parameter}={value} of {name} {refusal}")


def train(
    name: str, interactions: Interactions, data: DataSet, parameters: Mapping[str, str], *, repeats: bool = False
) -> Trained:
    """Train a recipe as the engine does, with settings tuned on the training part.

    Parameters
    ----------
    repeats : bool
        Whether its lists show items that the user has interacted with.

    Raises
    ------
    UnknownRecipeError
        See `check_recipe`.
    UnsuitableDataError
        The recipe cannot learn from the data; the message names both.
    """
    check_recipe(name, parameters)
    stated = {**parameters, REPEATS: str(repeats).lower()}
    training_data = RECIPES[name].prepare(TrainingData(interactions, data.items, stated, data.users))
    start = time.perf_counter()
    try:
        settings = RECIPES[name].recommender.tune(training_data)
        tuned = time.perf_counter()
        recipe = RECIPES[name].recommender.fit(training_data, settings)
    except UnsuitableDataError as error:
        raise UnsuitableDataError(f"{name} cannot learn from {data.name}: {error}") from error
    return Trained(recipe, dict(settings), tuned - start, time.perf_counter() - tuned)
