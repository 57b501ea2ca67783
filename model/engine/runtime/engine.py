"""The engine as one thing: what it keeps, what it serves, and how it comes back after a stop."""

from __future__ import annotations

import gc
import shutil
import time
from typing import TYPE_CHECKING, Self

from model.engine.jobs.processes import Jobs
from model.engine.monitoring.logs import log
from model.engine.monitoring.metrics import Counts, Gauge
from model.engine.personalize.arns import Caller
from model.engine.runtime.lifecycle import Lifecycles
from model.engine.serving.attribution import Attribution, attribution_gauge
from model.engine.serving.served import Served, load, tell, tell_rows, users_of
from model.engine.serving.shown_lists import ShownLists
from model.engine.storage.control_plane.resources import ACTIVE, Resource, Resources
from model.engine.storage.dataset_group import DatasetGroup, Row
from model.engine.storage.state_directory import StateDirectory

if TYPE_CHECKING:
    from model.engine.configuration.settings import Settings


# How long a start waits until models have been told of all events since their training: all of them, and each at least.
START_SECONDS, MODEL_SECONDS = 3.0, 1.0


class Engine:
    """State and services that the operations work with; see `open`."""

    def __init__(self, settings: Settings, state: StateDirectory) -> None:
        self.settings = settings
        self.state = state
        self.caller = Caller(settings.account, settings.region)
        self.resources = Resources(state.control)
        self.lifecycles = Lifecycles(self.resources, settings.pace)
        self.jobs = Jobs(state)
        self.counts = Counts()
        self.groups: dict[str, DatasetGroup] = {}
        self.served: dict[str, Served] = {}
        self.loading: list[Served] = []
        self.behind: dict[int, int] = {}  # by id of a recipe, of how many events it has not been told yet
        self.shown = ShownLists()
        self.attributions: dict[str, Attribution | None] = {}
        self.group_of_tracker: dict[str, str] = {}

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Take the directory and read all state from it."""
        engine = cls(settings, StateDirectory.open(settings.directory))
        until = time.monotonic() + START_SECONDS
        for group in engine.resources.of_kind("dataset-group"):
            await engine.open_group(group)
        for tracker in engine.resources.of_kind("event-tracker"):
            engine.group_of_tracker[tracker.document["trackingId"]] = tracker.document["datasetGroupArn"]
        for campaign in engine.resources.of_kind("campaign"):
            if campaign.status == ACTIVE:
                await engine.serve(campaign, campaign.private["version"], max(MODEL_SECONDS, until - time.monotonic()))
        for recommender in engine.resources.of_kind("recommender"):
            if recommender.status == ACTIVE:
                await engine.serve(recommender, None, max(MODEL_SECONDS, until - time.monotonic()))
        engine._remove_leftovers()
        # What has been read stays: whoever collects garbage need not look at it again, which takes 30 ms and more.
        gc.collect()
        gc.freeze()
        return engine

    async def close(self) -> None:
        """Finish what is being written and let go of the directory."""
        await self.lifecycles.close()
        for group in self.groups.values():
            await group.close()
        self.resources.close()
        self.state.close()

    async def open_group(self, group: Resource) -> None:
        """Read a dataset group's data, or make room for them."""
        datasets = self.resources.of_kind("dataset", datasetGroupArn=group.arn)
        parts = {one.document["datasetType"]: one.private["parts"] for one in datasets}
        opened = await DatasetGroup.open(self.state.group(group.private["id"]), parts)
        if opened.cut_bytes:
            log("torn", arn=group.arn, bytes=opened.cut_bytes)
        self.groups[group.arn] = opened

    async def load_parts(self, dataset: Resource) -> None:
        """Bring a dataset's imported parts into memory."""
        group = self.groups[dataset.document["datasetGroupArn"]]
        await group.use_parts(dataset.document["datasetType"], dataset.private["parts"])

    async def serve(
        self, resource: Resource, version_arn: str | None = None, patience_seconds: float | None = None
    ) -> None:
        """Read a trained model from disk, tell it of all events since, and let a resource answer with it.

        Parameters
        ----------
        resource : Resource
            A campaign or a recommender.
        version_arn : str, optional
            The solution version that a campaign answers with; a recommender has been trained itself.
        patience_seconds : float, optional
            As of `load`.
        """
        trained = resource if version_arn is None else self.resources.find("solution-version", version_arn)
        alike = (one for one in self.served.values() if version_arn is not None and one.version_arn == version_arn)
        self.served[resource.arn] = await load(self, trained, next(alike, None), patience_seconds)

    def tell(self, group_arn: str, places: list[int], *, of_actions: bool = False) -> None:
        """Tell the served recipes of a dataset group of new interactions.

        Parameters
        ----------
        places : list of int
            Among the streamed interactions with items, or with actions.
        """
        group = self.groups[group_arn]
        users = group.action_users if of_actions else group.users
        models = [one for one in self._listening(group_arn) if users_of(group, one) is users]
        # Who is behind will come to these events by itself, after those that came before them.
        recipes = [one.recipe for one in models if id(one.recipe) not in self.behind]
        if recipes:
            for place in places:
                tell(recipes, users, place)

    def tell_rows(self, group_arn: str, dataset_type: str, rows: dict[str, Row]) -> None:
        """Tell the served recipes of a dataset group of new or changed items, or actions.

        Parameters
        ----------
        dataset_type : str
            Recipes are told of ITEMS and ACTIONS; a user's row they are given with each question.
        rows : dict
            By id.
        """
        schema = self.schema_text(group_arn, dataset_type)
        for served in self._listening(group_arn):
            if served.catalogue_type == dataset_type:
                tell_rows(served, rows, schema)

    def schema_text(self, group_arn: str, dataset_type: str) -> str | None:
        """Return the schema of a dataset.

        Parameters
        ----------
        dataset_type : str
            Such as ITEMS.

        Returns
        -------
        str or None
            None where the group has no such dataset.
        """
        arn = f"{group_arn.replace(':dataset-group/', ':dataset/', 1)}/{dataset_type}"
        if arn not in self.resources:
            return None
        dataset = self.resources.find("dataset", arn)
        return str(self.resources.find("schema", dataset.document["schemaArn"]).document["schema"])

    def _listening(self, group_arn: str) -> list[Served]:
        """Return what serves a dataset group, or soon will; of those that share a model only one."""
        models = [*self.served.values(), *self.loading]
        return list({id(one.recipe): one for one in models if one.group_arn == group_arn}.values())

    def gauges(self) -> list[Gauge]:
        """Return what `/metrics` shows of the present state.

        Returns
        -------
        list of (name, help, [(labels, value)])
        """
        groups = [(arn.rpartition("/")[2], group) for arn, group in self.groups.items()]
        now = time.time()
        return [
            (
                "personalize_events_stored",
                "Distinct event ids on disk",
                [({"dataset_group": name}, len(group.event_ids)) for name, group in groups],
            ),
            (
                "personalize_model_age_seconds",
                "Time since the training of what a campaign serves",
                [({"campaign": arn.rpartition("/")[2]}, now - one.trained_at) for arn, one in self.served.items()],
            ),
            (
                "personalize_model_events_behind",
                "Events since its training that a model has not been told yet",
                [
                    ({"campaign": arn.rpartition("/")[2]}, self.behind.get(id(one.recipe), 0))
                    for arn, one in self.served.items()
                ],
            ),
            attribution_gauge(self.attributions),
        ]

    def _remove_leftovers(self) -> None:
        """Remove directories that belong to no resource: their creation was cut off, or their removal."""
        private = [one.private for one in self.resources.all()]
        kept = {one["id"] for one in private if "id" in one}
        parts = {part for one in private for part in one.get("parts", ())}
        for folder in ("groups", "versions"):
            for path in (self.state.root / folder).iterdir():
                if path.name not in kept:
                    shutil.rmtree(path)
        for path in (self.state.root / "groups").glob("*/bulk/*"):
            if path.name not in parts:
                shutil.rmtree(path)
