"""What campaigns and recommenders answer with: a trained model that is told of every event."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.recipes.named_recipe import NamedRecipe
from model.recipes.names import RECIPES
from model.recipes.recipe import Event, Recipe

if TYPE_CHECKING:
    from model.engine.engine import Engine
    from model.engine.people import People
    from model.engine.resources import Resource

EVENTS_AT_ONCE = 200


@dataclass
class Served:
    """What a campaign or a recommender answers with.

    Attributes
    ----------
    version_arn : str
        Of the solution version; of a recommender itself.
    named : NamedRecipe
    recipe : Recipe
    group_arn : str
    trained_at : float
        Epoch seconds.
    """

    version_arn: str
    named: NamedRecipe
    recipe: Recipe
    group_arn: str
    trained_at: float


async def load(engine: Engine, trained: Resource) -> Served:
    """Read a trained model from disk and tell it of all events since its training.

    Parameters
    ----------
    engine : Engine
    trained : Resource
        A solution version, or a recommender.

    Returns
    -------
    Served
        The model knows every event up to now: there was no pause since it was told of the last.
    """
    named = RECIPES[trained.document["recipeArn"].rpartition("/")[2]]
    recipe = await asyncio.to_thread(named.answers.load, engine.state.version(trained.private["id"]))
    group_arn = trained.document["datasetGroupArn"]
    people = engine.groups[group_arn].people
    place = trained.private["streamed"]
    while place < people.streamed_count:
        # A few at a time, so that those who ask meanwhile do not wait for all of them.
        until = min(place + EVENTS_AT_ONCE, people.streamed_count)
        for one in range(place, until):
            tell([recipe], people, one)
        place = until
        await asyncio.sleep(0)
    return Served(trained.arn, named, recipe, group_arn, trained.private["trained_at"])


def tell(recipes: list[Recipe], people: People, place: int) -> None:
    """Tell recipes of one streamed interaction.

    Parameters
    ----------
    recipes : list of Recipe
    people : People
    place : int
        Among the streamed interactions.
    """
    item, moment, previous, first = people.before(place)
    event = Event(item, moment, previous, first)
    for recipe in recipes:
        recipe.update(event)
