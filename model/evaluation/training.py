"""Training a recipe for a judgement: as the engine would, with its settings chosen on what it learns from."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.datasets.training_data import TrainingData
from model.recipes.recipe import Recipe, UnsuitableDataError
from model.registry.amazon_recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.datasets.interactions import Interactions
    from model.evaluation.data_sets import DataSet


class UnknownRecipeError(ValueError):
    """There is no recipe of that name, or it has no such hyper-parameter; the message lists those that there are."""


@dataclass(frozen=True)
class Trained:
    """A recipe that has learnt, and what that took."""

    recipe: Recipe
    settings: dict[str, float]
    tuning_seconds: float
    training_seconds: float


def check_recipe(name: str, parameters: Mapping[str, str]) -> None:
    """See whether a recipe can be judged, before anything is read or trained.

    Parameters
    ----------
    parameters : mapping of str to str
        Hyper-parameters.

    Raises
    ------
    UnknownRecipeError
        There is no such recipe, it does not recommend items, or has no such hyper-parameter.
    """
    answering = [
        one.name for one in RECIPES.values() if issubclass(one.algorithm, Recipe) and not one.recommends_actions
    ]
    if name not in answering:
        raise UnknownRecipeError(f"{name} is no recipe that recommends items; there are {', '.join(answering)}")
    known = RECIPES[name].parameters
    for stated, value in parameters.items():
        refusal = (
            known[stated].refusal(value) if stated in known else f"is none of {', '.join(known) or '(it has none)'}"
        )
        if refusal:
            raise UnknownRecipeError(f"the hyper-parameter {stated}={value} of {name} {refusal}")


def train(name: str, interactions: Interactions, data: DataSet, parameters: Mapping[str, str]) -> Trained:
    """Train a recipe as the engine would, with its settings chosen on what it learns from.

    Parameters
    ----------
    name : str
        Of a recipe that answers with items.
    data : DataSet
        Tells of the items and the users.
    parameters : mapping of str to str
        Hyper-parameters, the others have their defaults.

    Raises
    ------
    UnknownRecipeError
        See `check_recipe`.
    UnsuitableDataError
        The recipe cannot learn from the data; the message names both.
    """
    check_recipe(name, parameters)
    learnt = RECIPES[name].prepare(TrainingData(interactions, data.items, parameters, data.users))
    start = time.perf_counter()
    try:
        settings = RECIPES[name].answers.tune(learnt)
        tuned = time.perf_counter()
        recipe = RECIPES[name].answers.fit(learnt, settings)
    except UnsuitableDataError as error:
        raise UnsuitableDataError(f"{name} cannot learn from {data.name}: {error}") from error
    return Trained(recipe, dict(settings), tuned - start, time.perf_counter() - tuned)
