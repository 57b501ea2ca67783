"""Dataset export jobs: write imported or streamed data as a CSV file to S3."""

from __future__ import annotations

import os
import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

from model.datasets.dataset_types import INTERACTIONS, ITEMS, USERS
from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.reading import describe_operation, list_operation
from model.engine.operations.resources.rules import create_resource, find_active
from model.engine.personalize.errors import InvalidInputError
from model.engine.s3.export import BULK, PUT
from model.engine.s3.target import read_location
from model.engine.storage.control_plane.kinds import DATASET, EXPORT_JOB, SCHEMA, ExportJobInternals
from model.engine.storage.disk.state_directory import new_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine
    from model.engine.storage.control_plane.resources import Resource

# Developer guide, "Exporting the training data in a dataset to Amazon S3": those of actions are not exported.
EXPORTED = frozenset({INTERACTIONS, ITEMS, USERS})


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateDatasetExportJob."""
    dataset = find_active(engine, caller, DATASET, request["datasetArn"])
    if dataset.document["datasetType"] not in EXPORTED:
        raise InvalidInputError(f"a dataset of the type {dataset.document['datasetType']} cannot be exported")
    request.setdefault("ingestionMode", PUT)
    _target(request)
    path = f"dataset-export-job/{request['jobName']}"
    job = create_resource(engine, caller, EXPORT_JOB, path, request, ExportJobInternals(region=caller.region))
    resume_creation(engine, job)
    return {"datasetExportJobArn": job.arn}


def resume_creation(engine: Engine, job: Resource[ExportJobInternals]) -> None:
    """Start an export, or restart one that a stop of the engine interrupted."""
    engine.lifecycles.create(job, partial(_export, engine, job))


async def _export(engine: Engine, job: Resource[ExportJobInternals]) -> None:
    dataset = engine.resources.find(DATASET, job.document["datasetArn"])
    group = engine.groups[dataset.document["datasetGroupArn"]]
    mode = job.document["ingestionMode"]
    segments = await group.log_segments() if mode != BULK else []
    task: dict[str, Any] = {
        "kind": "export",
        "schema": engine.resources.find(SCHEMA, dataset.document["schemaArn"]).document["schema"],
        "mode": mode,
        "target": _target(job.document),
        "region": job.internals.region,
    }

    def prepare() -> Callable[[Path], None]:
        parts = [group.part_path(name) for name in dataset.internals.parts] if mode != PUT else []
        task["parts"] = [part.name for part in parts]
        task["segments"] = [segment.name for segment in segments]
        return partial(_link, parts, segments)

    result = engine.state.job(new_id())
    await engine.jobs.run(task, result, prepare)
    shutil.rmtree(result)


def _link(parts: list[Path], segments: list[Path], directory: Path) -> None:
    """Hard-link files, which never change, so that an import that replaces them does not remove them."""
    for source in (*parts, *segments):
        files = list(source.iterdir()) if source.is_dir() else [source]
        target = directory / "parts" / source.name if source.is_dir() else directory / "log"
        target.mkdir(parents=True, exist_ok=True)
        for file in files:
            os.link(file, target / file.name)


def _target(document: dict[str, Any]) -> str:
    path = document["jobOutput"]["s3DataDestination"]["path"]
    return str(read_location(path, "jobOutput.s3DataDestination.path").join(f"{document['jobName']}.csv"))


RESOURCE_KIND = ResourceKind(
    EXPORT_JOB,
    {
        "CreateDatasetExportJob": create,
        "DescribeDatasetExportJob": describe_operation(EXPORT_JOB),
        "ListDatasetExportJobs": list_operation(EXPORT_JOB, "datasetExportJobs", "datasetArn"),
    },
    resume_creation=resume_creation,
    resume_deletion=None,  # no operation deletes jobs
)
