"""The served models: loaded from disk, and kept up to date with new events and items."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from model.datasets.catalogue import CatalogueItem
from model.datasets.training_data import catalogue_of
from model.engine.monitoring.logs import log
from model.engine.serving.served import Served
from model.engine.storage.control_plane.kinds import TrainedInternals
from model.engine.storage.dataset_group import ACTIONS
from model.recipes.recipe import Event
from model.registry.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
    from pathlib import Path

    from model.datasets.catalogue import Catalogue
    from model.engine.storage.control_plane.resources import Resource
    from model.engine.storage.dataset_group import DatasetGroup, Row
    from model.engine.storage.interactions.store import InteractionStore
    from model.recipes.recipe import Recipe

AnyTrained = TypeVar("AnyTrained", bound=TrainedInternals)
EVENTS_PER_STEP = 50  # or items: a model takes them in about a millisecond, then other requests get their turn


class ServedModels:
    """Loads the models that campaigns and recommenders answer with, and updates them with new events and items.

    A model that is loaded first catches up: it takes the items and events that were stored since its training, a few
    at a time and in their order. Until it has, it takes no new events directly, for it finds them where it catches up.

    Parameters
    ----------
    groups : mapping of str to DatasetGroup
        By ARN; read at each call, so groups may come and go.
    schema_text : callable
        Returns the schema of a dataset, from the ARN of the dataset group and the dataset type.
    """

    def __init__(
        self,
        groups: Mapping[str, DatasetGroup],
        schema_text: Callable[[str, str], str | None],
        model_directory: Callable[[str], Path],
        run_in_background: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._groups = groups
        self._schema_text = schema_text
        self._model_directory = model_directory
        self._run_in_background = run_in_background
        self._by_arn: dict[str, Served] = {}
        self._loading: list[Served] = []
        self._events_behind: dict[int, int] = {}  # by id of a recipe that catches up

    def get(self, arn: str) -> Served | None:
        """Return the model of a campaign or recommender; None where it does not answer."""
        return self._by_arn.get(arn)

    def by_arn(self) -> dict[str, Served]:
        """Return all models by the ARN of the campaign or recommender."""
        return dict(self._by_arn)

    def of_version(self, version_arn: str) -> list[Served]:
        """Return the models of a solution version, or of a recommender."""
        return [served for served in self._by_arn.values() if served.version_arn == version_arn]

    def events_behind(self, served: Served) -> int:
        """Return how many events since its training a model has still to take."""
        return self._events_behind.get(id(served.recipe), 0)

    def set(self, arn: str, served: Served) -> None:
        """Let a campaign or recommender answer with a model."""
        self._by_arn[arn] = served

    def remove(self, arn: str) -> None:
        """Let a campaign or recommender answer no more."""
        self._by_arn.pop(arn, None)

    async def load(self, trained: Resource[AnyTrained], *, share: bool, timeout_seconds: float | None = None) -> Served:
        """Read a trained model from disk and let it catch up.

        Parameters
        ----------
        trained : Resource
            A solution version, or a recommender.
        share : bool
            Whether to take the model from another campaign that serves the same version.
        timeout_seconds : float, optional
            How long to wait until the model has caught up; it goes on in the background. By default, as long as it
            takes.

        Returns
        -------
        Served
            The model has taken every stored event, without a pause since the last one: so it misses none.
        """
        named = RECIPES[trained.document["recipeArn"].rpartition("/")[2]]
        group_arn = trained.document["datasetGroupArn"]
        trained_at, excluded = trained.internals.trained_at, _excluded(trained)
        twins = self.of_version(trained.arn) if share else []
        if twins:
            return Served(trained.arn, named, twins[0].recipe, group_arn, trained_at, excluded)
        recipe = await asyncio.to_thread(named.recommender.load, self._model_directory(trained.internals.id))
        served = Served(trained.arn, named, recipe, group_arn, trained_at, excluded)
        # From now on it takes new rows directly: those that are stored while it catches up must not get lost.
        self._loading.append(served)
        self._events_behind[id(recipe)] = 0
        try:
            catching_up = self.catch_up(served, trained.internals.streamed)
            if timeout_seconds is None:
                await catching_up
            else:
                await self._wait_for(served, catching_up, timeout_seconds)
        finally:
            self._loading.remove(served)
        return served

    async def catch_up(self, served: Served, position: int) -> None:
        """Update a model with items and events since its training, from the streamed position on, a few at a time."""
        key, users = id(served.recipe), _interactions_of(self._groups[served.group_arn], served)
        try:
            rows = self._groups[served.group_arn].rows[served.catalogue_type]
            await self.add_items(served, rows.streamed, list(rows.streamed))
            while position < users.streamed_count:
                position = max(position, users.streamed_start)
                end = min(position + EVENTS_PER_STEP, users.streamed_count)
                _update_recipes([served.recipe], users, range(position, end))
                position = end
                self._events_behind[key] = users.streamed_count - position
                if self._events_behind[key]:  # no pause after the last event: there would always be one more
                    await asyncio.sleep(0)
        finally:
            self._events_behind.pop(key, None)

    async def add_items(self, served: Served, rows: Mapping[str, Row], item_ids: list[str]) -> None:
        """Add items to a model, or change them, a few at a time; rows may change meanwhile, so each step reads them."""
        schema = self._schema_text(served.group_arn, served.catalogue_type)
        for start in range(0, len(item_ids), EVENTS_PER_STEP):
            step = item_ids[start : start + EVENTS_PER_STEP]
            _add_rows(served, {item_id: rows[item_id] for item_id in step if item_id in rows}, schema)
            await asyncio.sleep(0)

    def update_models(self, group_arn: str, positions: Iterable[int], *, of_actions: bool = False) -> None:
        """Update the models of a dataset group with new interactions."""
        group = self._groups[group_arn]
        users = group.action_interactions if of_actions else group.interactions
        models = [served for served in self._models_of(group_arn) if _interactions_of(group, served) is users]
        # A model that catches up reaches these events after those that were stored before them.
        recipes = [served.recipe for served in models if id(served.recipe) not in self._events_behind]
        if recipes:
            _update_recipes(recipes, users, positions)

    def update_items(self, group_arn: str, dataset_type: str, rows: dict[str, Row]) -> None:
        """Update the models of a dataset group with ITEMS or ACTIONS; rows of USERS are read for each request."""
        schema = self._schema_text(group_arn, dataset_type)
        for served in self._models_of(group_arn):
            if served.catalogue_type == dataset_type:
                _add_rows(served, rows, schema)

    def _models_of(self, group_arn: str) -> list[Served]:
        """Return what serves a dataset group, or is being loaded to; one of those that share a model."""
        models = [*self._by_arn.values(), *self._loading]
        return list({id(served.recipe): served for served in models if served.group_arn == group_arn}.values())

    async def _wait_for(self, served: Served, catching_up: Coroutine[Any, Any, None], seconds: float) -> None:
        task = asyncio.create_task(catching_up)
        await asyncio.wait([task], timeout=seconds)
        if task.done():
            task.result()
            return
        log("behind", arn=served.version_arn, events=self.events_behind(served))

        async def finish() -> None:
            try:
                await task
            except Exception as error:  # noqa: BLE001 - the model answers with what it has taken so far
                log("failure", kind="model", arn=served.version_arn, error=type(error).__name__)

        self._run_in_background(finish())


def catalogue_items(catalogue: Catalogue) -> Iterator[CatalogueItem]:
    """Yield the items of a catalogue one by one."""
    for place, item_id in enumerate(catalogue.item_ids):
        numbers = {name: values[place] for name, values in catalogue.numbers.items() if not np.isnan(values[place])}
        yield CatalogueItem(item_id, catalogue.features[place], catalogue.created[place], numbers)


def _interactions_of(group: DatasetGroup, served: Served) -> InteractionStore:
    """Return the interactions that a model learns from: those with actions, or those with items."""
    return group.action_interactions if served.catalogue_type == ACTIONS else group.interactions


def _update_recipes(recipes: list[Recipe], users: InteractionStore, positions: Iterable[int]) -> None:
    now = int(time.time())
    for item_id, moment, previous, is_new, user_id, event_type in users.with_histories(positions):
        # As in trainings: an event from a clock that runs ahead must not make everything else look old.
        event = Event(item_id, min(moment, now), previous, is_new, user_id, event_type)
        for recipe in recipes:
            recipe.update(event)


def _add_rows(served: Served, rows: Mapping[str, Row], schema_text: str | None) -> None:
    catalogue = catalogue_of(rows, schema_text, served.excluded.get(served.catalogue_type, set()))
    for item in catalogue_items(catalogue):
        served.recipe.add_item(item)


def _excluded(trained: Resource[AnyTrained]) -> dict[str, set[str]]:
    return {dataset_type: set(names) for dataset_type, names in trained.internals.excluded.items()}
