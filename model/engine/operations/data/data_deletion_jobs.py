"""Data deletion jobs: remove users and their data from memory, from the log, from imports and from models."""

from __future__ import annotations

import asyncio
import json
import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

from model.arrays.model_files import forget_users
from model.datasets.dataset_types import ACTION_INTERACTIONS, INTERACTIONS, USERS
from model.engine.jobs.files import ERASED, NEW_PARTS, NEW_SEGMENTS
from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.reading import describe_operation, list_operation
from model.engine.operations.resources.rules import check_name, create_resource, find_active
from model.engine.personalize import limits
from model.engine.personalize.errors import LimitExceededError
from model.engine.runtime.lifecycle import DATA_DELETION
from model.engine.s3.target import read_location
from model.engine.storage.control_plane.kinds import (
    DATA_DELETION_JOB,
    DATASET,
    DATASET_GROUP,
    TRAINED_KINDS,
    DataDeletionJobInternals,
    DatasetInternals,
)
from model.engine.storage.disk.durability import sync_directory
from model.engine.storage.disk.state_directory import new_id

if TYPE_CHECKING:
    from pathlib import Path

    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine
    from model.engine.storage.control_plane.resources import Resource
    from model.engine.storage.dataset_group import DatasetGroup

OF_USERS = (INTERACTIONS, ACTION_INTERACTIONS, USERS)


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateDataDeletionJob."""
    group = find_active(engine, caller, DATASET_GROUP, request["datasetGroupArn"])
    read_location(request["dataSource"].get("dataLocation", ""), "dataSource.dataLocation")
    check_name(engine, caller, DATA_DELETION_JOB, request["jobName"])
    jobs = engine.resources.of_kind(DATA_DELETION_JOB, datasetGroupArn=group.arn, status=DATA_DELETION.pending)
    if sum(1 for _ in jobs) >= limits.PENDING_DATA_DELETION_JOBS:
        raise LimitExceededError(f"{limits.PENDING_DATA_DELETION_JOBS} data deletion jobs of the group are pending")
    path, internals = f"data-deletion-job/{request['jobName']}", DataDeletionJobInternals(region=caller.region)
    job = create_resource(engine, caller, DATA_DELETION_JOB, path, request, internals)
    job.document["status"] = DATA_DELETION.pending
    engine.resources.save(job)
    resume_creation(engine, job)
    return {"dataDeletionJobArn": job.arn}


def resume_creation(engine: Engine, job: Resource[DataDeletionJobInternals]) -> None:
    """Start a deletion, or restart one that a stop of the engine interrupted: what it deleted stays deleted."""
    engine.lifecycles.create(job, partial(_delete, engine, job), states=DATA_DELETION)


async def _delete(engine: Engine, job: Resource[DataDeletionJobInternals]) -> None:
    group = engine.groups[job.document["datasetGroupArn"]]
    # Two deletions at once would each restore what the other one has removed.
    async with group.erasing:
        result = engine.state.job(new_id())
        try:
            await _erase(engine, job, group, result)
        finally:
            await asyncio.to_thread(shutil.rmtree, result, ignore_errors=True)


async def _erase(engine: Engine, job: Resource[DataDeletionJobInternals], group: DatasetGroup, result: Path) -> None:
    datasets = {
        dataset.document["datasetType"]: dataset
        for dataset in engine.resources.of_kind(DATASET, datasetGroupArn=job.document["datasetGroupArn"])
        if dataset.document["datasetType"] in OF_USERS
    }
    segments = await group.log_segments(closed=True)
    task = {
        "kind": "erase",
        "location": job.document["dataSource"]["dataLocation"],
        "region": job.internals.region,
        "segments": [str(segment) for segment in segments],
        "parts": {
            kind: [str(group.part_path(name)) for name in dataset.internals.parts] for kind, dataset in datasets.items()
        },
    }
    outcome = await engine.jobs.run(task, result)
    # The second run of an interrupted deletion finds fewer records; the first run has counted them all.
    job.internals.records = max(job.internals.records, outcome["records"])
    engine.resources.save(job)
    for dataset in datasets.values():
        await _use_new_parts(engine, group, dataset, result / NEW_PARTS)
    erased = json.loads(await asyncio.to_thread((result / ERASED).read_bytes))
    users: list[str] = erased["users"]
    await group.erase_users(users, erased["positions"], result / NEW_SEGMENTS)
    await _forget_in_models(engine, job.document["datasetGroupArn"], users)
    job.document["numDeleted"] = job.internals.records


async def _forget_in_models(engine: Engine, group_arn: str, users: list[str]) -> None:
    """Remove the users from trained models on disk, and from the served ones."""
    for kind in TRAINED_KINDS:
        for trained in engine.resources.of_kind(kind, datasetGroupArn=group_arn):
            directory = engine.state.version(trained.internals.id)
            if not directory.is_dir() or not await asyncio.to_thread(forget_users, directory, frozenset(users)):
                continue
            models = engine.served.of_version(trained.arn)
            if models:
                reloaded = await engine.served.load(trained, share=False)
                for served in models:
                    served.recipe = reloaded.recipe


async def _use_new_parts(
    engine: Engine, group: DatasetGroup, dataset: Resource[DatasetInternals], new_parts: Path
) -> None:
    """Replace parts of a dataset by the rewritten ones."""
    new = {path.name: new_id() for path in new_parts.iterdir() if path.name in dataset.internals.parts}
    if not new:
        return
    for old, name in new.items():
        (new_parts / old).rename(group.part_path(name))
    sync_directory(group.part_path(next(iter(new.values()))).parent)
    dataset.internals.parts = [new.get(name, name) for name in dataset.internals.parts]
    engine.resources.save(dataset)
    if dataset.document["datasetType"] == USERS:
        await engine.load_parts(dataset)  # interactions are removed in memory, which takes less time
    for old in new:
        await asyncio.to_thread(shutil.rmtree, group.part_path(old), ignore_errors=True)


RESOURCE_KIND = ResourceKind(
    DATA_DELETION_JOB,
    {
        "CreateDataDeletionJob": create,
        "DescribeDataDeletionJob": describe_operation(DATA_DELETION_JOB),
        "ListDataDeletionJobs": list_operation(DATA_DELETION_JOB, "dataDeletionJobs", "datasetGroupArn"),
    },
    resume_creation=resume_creation,
    resume_deletion=None,  # no operation deletes jobs
)
