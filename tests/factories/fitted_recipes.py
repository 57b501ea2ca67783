"""Recipes fitted on the small shop."""

from __future__ import annotations

import functools

from model.networks.serving.network_recipe import NetworkRecipe
from model.recipes.personalization.cold_start import MAX_DAYS, MAX_INTERACTIONS
from model.recipes.recipe import Recipe
from model.registry.recipes import RECIPES
from tests.factories.training_data import answers, shop_data

# With the defaults, the shop has too few cold items for the recipe that needs a hundred of them.
COLD = {MAX_INTERACTIONS: "100", MAX_DAYS: "30"}
# Networks are trained with PyTorch, which the main environment lacks: tests/networks has their tests.
NETWORKS = [name for name, named in RECIPES.items() if issubclass(named.algorithm, NetworkRecipe)]
ANSWERING = [name for name, named in RECIPES.items() if issubclass(named.algorithm, Recipe) and name not in NETWORKS]
OF_ITEMS = [name for name in ANSWERING if not RECIPES[name].recommends_actions]


def data_for(name, users=120, **parameters):
    """Return data that a recipe can learn from."""
    named = RECIPES[name]
    if named.recommends_actions:
        return named.prepare(answers())
    event_type = (named.required_events or ("View",))[0]
    extra = COLD if name == "aws-hrnn-coldstart" else {}
    return named.prepare(shop_data(users, event_type, 7, **extra, **parameters))


def fitted(name, data=None):
    """Return a new recipe, which the test may change."""
    return RECIPES[name].recommender.fit(data or data_for(name), {})


@functools.cache
def trained(name):
    """Return a shared recipe, which the test must not change."""
    return fitted(name)


def ids(answer):
    """Return the ids of an answer."""
    return [recommendation.item_id for recommendation in answer]
