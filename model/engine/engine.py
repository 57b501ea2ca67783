"""The engine as one thing: what it keeps, what it serves, and how it comes back after a stop."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Self

from model.engine.arns import Caller
from model.engine.dataset_group import DatasetGroup
from model.engine.jobs import Jobs
from model.engine.lifecycle import Lifecycles
from model.engine.logs import log
from model.engine.prometheus import Counts, Gauge
from model.engine.resources import ACTIVE, Resource, Resources
from model.engine.serving import Served, load, tell
from model.engine.state_directory import StateDirectory

if TYPE_CHECKING:
    from model.engine.settings import Settings


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
        self.group_of_tracker: dict[str, str] = {}

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Take the directory and read all state from it.

        Parameters
        ----------
        settings : Settings

        Returns
        -------
        Engine

        Raises
        ------
        DirectoryInUseError
        """
        engine = cls(settings, StateDirectory.open(settings.directory))
        for group in engine.resources.of_kind("dataset-group"):
            await engine.open_group(group)
        for tracker in engine.resources.of_kind("event-tracker"):
            engine.group_of_tracker[tracker.document["trackingId"]] = tracker.document["datasetGroupArn"]
        for campaign in engine.resources.of_kind("campaign"):
            if campaign.status == ACTIVE:
                await engine.serve(campaign, campaign.private["version"])
        engine._remove_leftovers()
        return engine

    async def close(self) -> None:
        """Finish what is being written and let go of the directory."""
        await self.lifecycles.close()
        for group in self.groups.values():
            await group.close()
        self.resources.close()
        self.state.close()

    async def open_group(self, group: Resource) -> None:
        """Read a dataset group's data, or make room for them.

        Parameters
        ----------
        group : Resource
        """
        datasets = self.resources.of_kind("dataset", datasetGroupArn=group.arn)
        parts = {one.document["datasetType"]: one.private["parts"] for one in datasets}
        opened = await DatasetGroup.open(self.state.group(group.private["id"]), parts)
        if opened.cut_bytes:
            log("torn", arn=group.arn, bytes=opened.cut_bytes)
        self.groups[group.arn] = opened

    async def load_parts(self, dataset: Resource) -> None:
        """Bring a dataset's imported parts into memory.

        Parameters
        ----------
        dataset : Resource
        """
        group = self.groups[dataset.document["datasetGroupArn"]]
        await group.use_parts(dataset.document["datasetType"], dataset.private["parts"])

    async def serve(self, campaign: Resource, version_arn: str) -> None:
        """Read a trained version from disk, tell it of all events since, and let a campaign answer with it.

        Parameters
        ----------
        campaign : Resource
        version_arn : str
        """
        self.served[campaign.arn] = await load(self, self.resources.find("solution-version", version_arn))

    def tell(self, group_arn: str, places: list[int]) -> None:
        """Tell the served recipes of a dataset group of new interactions.

        Parameters
        ----------
        group_arn : str
        places : list of int
            Among the streamed interactions.
        """
        recipes = [one.recipe for one in self.served.values() if one.group_arn == group_arn]
        if recipes:
            for place in places:
                tell(recipes, self.groups[group_arn].people, place)

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
