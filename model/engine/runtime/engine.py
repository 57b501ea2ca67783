"""The running engine: its resources, data, jobs and served models, and how they are read at a start."""

from __future__ import annotations

import gc
import shutil
import sqlite3
import time
import zipfile
from typing import TYPE_CHECKING, Any, Self

import msgspec

from model.engine.jobs.processes import Jobs
from model.engine.monitoring.logs import log
from model.engine.monitoring.metrics import Counts, Gauge
from model.engine.personalize.arns import Caller, labels_of
from model.engine.personalize.errors import DirectoryInUseError
from model.engine.runtime.lifecycle import Lifecycles
from model.engine.serving.attribution import Attribution, attribution_gauge
from model.engine.serving.served_lists import ServedLists
from model.engine.serving.served_models import ServedModels
from model.engine.storage.control_plane.kinds import (
    CAMPAIGN,
    DATASET,
    DATASET_GROUP,
    EVENT_TRACKER,
    RECOMMENDER,
    SCHEMA,
    SOLUTION_VERSION,
    TRAINED_KINDS,
    DatasetGroupInternals,
    DatasetInternals,
    Kind,
)
from model.engine.storage.control_plane.resources import ACTIVE, Resource, Resources
from model.engine.storage.dataset_group import DatasetGroup
from model.engine.storage.disk.state_directory import StateDirectory

if TYPE_CHECKING:
    from model.engine.configuration.settings import Settings


# How a file that is missing, unreadable or damaged is noticed: by the system, SQLite, or a reader of JSON or arrays.
UNREADABLE = (OSError, sqlite3.DatabaseError, zipfile.BadZipFile, msgspec.MsgspecError, ValueError, EOFError, KeyError)
# How long a start waits until the models have caught up with all events: for all of them together, and each at least.
START_SECONDS, MODEL_SECONDS = 3.0, 1.0


class Engine:
    """Holds what the operations share: resources, data, jobs, served models and counters. Use `open`."""

    def __init__(self, settings: Settings, state: StateDirectory) -> None:
        self.settings = settings
        self.state = state
        self.caller = Caller(settings.account, settings.region)
        self.resources = Resources(state.control)
        self.lifecycles = Lifecycles(self.resources, settings.pace)
        self.jobs = Jobs(state)
        self.counts = Counts()
        self.groups: dict[str, DatasetGroup] = {}
        self.served = ServedModels(self.groups, self.schema_text, state.version, self.lifecycles.run_in_background)
        self.served_lists = ServedLists()
        self.attributions: dict[str, Attribution | None] = {}
        self.group_of_tracker: dict[str, str] = {}

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Lock the directory and read all state from it.

        Raises
        ------
        DirectoryInUseError
            It cannot be read or written, another process uses it, or it is damaged.
        """
        try:
            return await cls._open(settings)
        except UNREADABLE as error:
            what = f"{settings.directory} cannot be used, or a file in it is damaged"
            raise DirectoryInUseError(f"{what} ({type(error).__name__}: {error})") from error

    @classmethod
    async def _open(cls, settings: Settings) -> Self:
        engine = cls(settings, StateDirectory.open(settings.directory))
        until = time.monotonic() + START_SECONDS
        for group in engine.resources.of_kind(DATASET_GROUP):
            await engine.open_group(group)
        for tracker in engine.resources.of_kind(EVENT_TRACKER):
            engine.group_of_tracker[tracker.document["trackingId"]] = tracker.document["datasetGroupArn"]
        for campaign in engine.resources.of_kind(CAMPAIGN):
            if campaign.status == ACTIVE:
                await engine.serve(campaign, campaign.internals.version, max(MODEL_SECONDS, until - time.monotonic()))
        for recommender in engine.resources.of_kind(RECOMMENDER):
            if recommender.status == ACTIVE:
                await engine.serve(recommender, None, max(MODEL_SECONDS, until - time.monotonic()))
        engine._remove_leftovers()
        _freeze()
        return engine

    async def close(self) -> None:
        """Finish all writes and unlock the directory."""
        await self.lifecycles.close()
        for group in self.groups.values():
            await group.close()
        self.resources.close()
        self.state.close()

    async def open_group(self, group: Resource[DatasetGroupInternals]) -> None:
        """Read the data of a dataset group, or create its directory."""
        datasets = self.resources.of_kind(DATASET, datasetGroupArn=group.arn)
        parts = {dataset.document["datasetType"]: dataset.internals.parts for dataset in datasets}
        opened = await DatasetGroup.open(self.state.group(group.internals.id), parts)
        if opened.cut_bytes:
            log("torn", arn=group.arn, bytes=opened.cut_bytes)
        self.groups[group.arn] = opened

    async def load_parts(self, dataset: Resource[DatasetInternals]) -> None:
        """Bring a dataset's imported parts into memory."""
        group = self.groups[dataset.document["datasetGroupArn"]]
        await group.load_parts(dataset.document["datasetType"], dataset.internals.parts)
        _freeze()

    async def serve(
        self, resource: Resource[Any], version_arn: str | None = None, timeout_seconds: float | None = None
    ) -> None:
        """Load a trained model and let a campaign or recommender answer with it.

        Parameters
        ----------
        version_arn : str, optional
            The solution version that a campaign answers with; a recommender has been trained itself.
        """
        trained = resource if version_arn is None else self.resources.find(SOLUTION_VERSION, version_arn)
        served = await self.served.load(trained, share=version_arn is not None, timeout_seconds=timeout_seconds)
        self.served.set(resource.arn, served)
        _freeze()

    def schema_text(self, group_arn: str, dataset_type: str) -> str | None:
        """Return the schema of a dataset, by its type such as ITEMS; None where the group has no such dataset."""
        arn = f"{group_arn.replace(':dataset-group/', ':dataset/', 1)}/{dataset_type}"
        if arn not in self.resources:
            return None
        dataset = self.resources.find(DATASET, arn)
        return str(self.resources.find(SCHEMA, dataset.document["schemaArn"]).document["schema"])

    def gauges(self) -> list[Gauge]:
        """Return the gauges of `/metrics`: (name, help, [(labels, value)]) each."""
        models, now = self.served.by_arn(), time.time()
        return [
            (
                "personalize_events_stored",
                "Distinct event ids on disk",
                [(labels_of(arn, "dataset_group"), len(group.event_ids)) for arn, group in self.groups.items()],
            ),
            (
                "personalize_model_age_seconds",
                "Time since the training of what a campaign serves",
                [(labels_of(arn, "campaign"), now - served.trained_at) for arn, served in models.items()],
            ),
            (
                "personalize_model_events_behind",
                "Events since its training that a model has not taken yet",
                [(labels_of(arn, "campaign"), self.served.events_behind(served)) for arn, served in models.items()],
            ),
            attribution_gauge(self.attributions),
        ]

    def _remove_leftovers(self) -> None:
        """Remove directories without a resource, which an interrupted creation or removal has left."""
        owners: dict[str, tuple[Kind[Any], ...]] = {"groups": (DATASET_GROUP,), "versions": TRAINED_KINDS}
        for folder, kinds in owners.items():
            ids = {owner.internals.id for kind in kinds for owner in self.resources.of_kind(kind)}
            for path in (self.state.root / folder).iterdir():
                if path.name not in ids:
                    shutil.rmtree(path)
        parts = {part for dataset in self.resources.of_kind(DATASET) for part in dataset.internals.parts}
        for path in (self.state.root / "groups").glob("*/bulk/*"):
            if path.name not in parts:
                shutil.rmtree(path)


def _freeze() -> None:
    """Exclude what is in memory now from garbage collections: events that arrive would repeat them, 30 ms each."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
