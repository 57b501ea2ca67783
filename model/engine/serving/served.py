"""What campaigns and recommenders answer with: a trained model that is told of every event and every new item."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from model.datasets.catalogue import CatalogueItem
from model.datasets.training_data import catalogue_of
from model.engine.monitoring.logs import log
from model.engine.storage.dataset_group import ACTIONS, ITEMS
from model.recipes.recipe import Event, Recipe
from model.registry.amazon_recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from numpy.typing import NDArray

    from model.datasets.catalogue import Catalogue
    from model.engine.filters.table import Table
    from model.engine.runtime.engine import Engine
    from model.engine.storage.control_plane.resources import Resource
    from model.engine.storage.dataset_group import DatasetGroup, Row
    from model.engine.storage.interactions.store import Users
    from model.registry.named_recipe import NamedRecipe

AT_ONCE = 50  # events or items that a model is told of before others may ask: about a millisecond


@dataclass
class Served:
    """What a campaign or a recommender answers with.

    Attributes
    ----------
    version_arn : str
        Of the solution version; of a recommender itself.
    trained_at : float
        Epoch seconds.
    excluded : dict of sets of str
        By dataset type, the columns that the model does not learn from.
    """

    version_arn: str
    named: NamedRecipe
    recipe: Recipe
    group_arn: str
    trained_at: float
    excluded: dict[str, set[str]] = field(default_factory=dict)
    _table: Table | None = None
    _rows: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))

    @property
    def catalogue_type(self) -> str:
        """The dataset type of what it answers with: ITEMS or ACTIONS."""
        return ACTIONS if self.named.recommends_actions else ITEMS

    def rows_in(self, table: Table) -> NDArray[np.intp]:
        """Return the numbers that the recipe's items have in a table, in the recipe's order.

        Parameters
        ----------
        table : Table
            Rows keep their numbers, so they are looked up once, and again only for items that are new.

        Returns
        -------
        integer array of shape (items of the recipe,)
        """
        known = self._rows.size if table is self._table else 0
        item_ids = self.recipe.item_ids
        if known < len(item_ids) or table is not self._table:
            new = table.intern(item_ids[known:]).astype(np.intp)
            self._table, self._rows = table, np.concatenate([self._rows[:known], new])
        return self._rows


async def load(
    engine: Engine, trained: Resource, alike: Served | None = None, patience_seconds: float | None = None
) -> Served:
    """Read a trained model from disk and tell it of all events and items since its training.

    Parameters
    ----------
    trained : Resource
        A solution version, or a recommender.
    alike : Served, optional
        What serves the same version already: two campaigns share one model.
    patience_seconds : float, optional
        How long to wait until the model has been told of everything; what is left it is told of while it answers.
        By default, for as long as it takes.

    Returns
    -------
    Served
        There was no pause since the model was told of the last event, so it misses none.
    """
    named = RECIPES[trained.document["recipeArn"].rpartition("/")[2]]
    group_arn = trained.document["datasetGroupArn"]
    trained_at, excluded = trained.private["trained_at"], _excluded(trained)
    if alike is not None:
        return Served(trained.arn, named, alike.recipe, group_arn, trained_at, excluded)
    recipe = await asyncio.to_thread(named.answers.load, engine.state.version(trained.private["id"]))
    served = Served(trained.arn, named, recipe, group_arn, trained_at, excluded)
    # From now on it is told of new rows: what comes while the older ones are told must not get lost.
    engine.loading.append(served)
    engine.behind[id(recipe)] = 0
    try:
        catching_up = catch_up(engine, served, trained.private["streamed"])
        if patience_seconds is None:
            await catching_up
        else:
            await _wait_for(engine, served, catching_up, patience_seconds)
    finally:
        engine.loading.remove(served)
    return served


async def catch_up(engine: Engine, served: Served, place: int) -> None:
    """Tell a model of the items and events that it missed, a few at a time, so that others may ask meanwhile.

    Parameters
    ----------
    engine : Engine
        Tells the model of no new events until it has been told of all older ones here.
    place : int
        Of the first event that it does not know.
    """
    key, users = id(served.recipe), users_of(engine.groups[served.group_arn], served)
    try:
        await _tell_older_rows(engine, served)
        while place < users.streamed_count:
            place = max(place, users.streamed_start)
            until = min(place + AT_ONCE, users.streamed_count)
            for one in range(place, until):
                tell([served.recipe], users, one)
            place = until
            engine.behind[key] = users.streamed_count - place
            if engine.behind[key]:  # no pause after the last one: there would always be one more
                await asyncio.sleep(0)
    finally:
        del engine.behind[key]


async def _wait_for(engine: Engine, served: Served, work: Coroutine[Any, Any, None], seconds: float) -> None:
    task = asyncio.create_task(work)
    await asyncio.wait([task], timeout=seconds)
    if task.done():
        task.result()
        return
    log("behind", arn=served.version_arn, events=engine.behind.get(id(served.recipe), 0))

    async def go_on() -> None:
        try:
            await task
        except Exception as error:  # noqa: BLE001 - it answers with what it has been told so far
            log("failure", kind="model", arn=served.version_arn, error=type(error).__name__)

    engine.lifecycles.run_beside(go_on())


async def _tell_older_rows(engine: Engine, served: Served) -> None:
    rows = engine.groups[served.group_arn].rows[served.catalogue_type]
    schema = engine.schema_text(served.group_arn, served.catalogue_type)
    ids = list(rows.streamed)
    for place in range(0, len(ids), AT_ONCE):
        # As they are by now: a row may have changed since the list was made.
        several = {one: rows.streamed[one] for one in ids[place : place + AT_ONCE] if one in rows.streamed}
        tell_rows(served, several, schema)
        await asyncio.sleep(0)


def users_of(group: DatasetGroup, served: Served) -> Users:
    """Return the interactions that a model learns from: those with actions, or those with items."""
    return group.action_users if served.catalogue_type == ACTIONS else group.users


def tell(recipes: list[Recipe], users: Users, place: int) -> None:
    """Tell recipes of one streamed interaction.

    Parameters
    ----------
    place : int
        Among the streamed interactions.
    """
    item_id, moment, previous, first = users.before(place)
    # As in trainings: no clock that runs ahead makes everything else look old.
    event = Event(item_id, min(moment, int(time.time())), previous, first, *users.whose(place))
    for recipe in recipes:
        recipe.update(event)


def tell_rows(served: Served, rows: dict[str, Row], schema_text: str | None) -> None:
    """Tell a model of new or changed items.

    Parameters
    ----------
    rows : dict
        By item id.
    schema_text : str or None
        Of their dataset.
    """
    catalogue = catalogue_of(rows, schema_text, served.excluded.get(served.catalogue_type, set()))
    for item in catalogue_items(catalogue):
        served.recipe.add_item(item)


def catalogue_items(catalogue: Catalogue) -> Iterator[CatalogueItem]:
    """Yield the items of a catalogue one by one."""
    for place, item_id in enumerate(catalogue.item_ids):
        numbers = {name: values[place] for name, values in catalogue.numbers.items() if not np.isnan(values[place])}
        yield CatalogueItem(item_id, catalogue.features[place], catalogue.created[place], numbers)


def _excluded(trained: Resource) -> dict[str, set[str]]:
    return {dataset_type: set(names) for dataset_type, names in trained.private.get("excluded", {}).items()}
