"""Dataset import jobs: read CSV files from S3 into a part of a dataset."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

from model.datasets.dataset_types import ACTIONS
from model.engine.operations.data.attributed_imports import add_attribution, check_report, prepare_attribution
from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.reading import describe_operation, list_operation
from model.engine.operations.resources.rules import check_name, create_resource, find_active
from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError, LimitExceededError, ResourceInUseError
from model.engine.storage.control_plane.kinds import DATASET, IMPORT_JOB, SCHEMA, ImportJobInternals
from model.engine.storage.control_plane.resources import ACTIVE, FAILED, Resource
from model.engine.storage.disk.state_directory import new_id

if TYPE_CHECKING:
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine

FULL, INCREMENTAL = "FULL", "INCREMENTAL"


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateDatasetImportJob."""
    location = request["dataSource"].get("dataLocation", "")
    if not location.startswith("s3://"):
        raise InvalidInputError("dataSource.dataLocation must begin with s3://")
    if not request.get("roleArn"):
        raise InvalidInputError("roleArn is required to read from S3")
    dataset = find_active(engine, caller, DATASET, request["datasetArn"])
    if dataset.is_updating:
        raise ResourceInUseError(f"the dataset {dataset.arn} is being updated")
    if request.get("publishAttributionMetricsToS3"):
        check_report(engine, dataset)
    mode = request.setdefault("importMode", FULL)
    if mode == INCREMENTAL and not dataset.internals.parts:
        raise InvalidInputError("the first import of a dataset must be FULL")
    check_name(engine, caller, IMPORT_JOB, request["jobName"])
    pending = [job for job in engine.resources.of_kind(IMPORT_JOB) if job.status not in {ACTIVE, FAILED}]
    if len([resource for resource in pending if resource.arn.startswith(caller.prefix)]) >= limits.PENDING_IMPORT_JOBS:
        raise LimitExceededError(f"{limits.PENDING_IMPORT_JOBS} import jobs are pending or in progress already")
    job = create_resource(
        engine,
        caller,
        IMPORT_JOB,
        f"dataset-import-job/{request['jobName']}",
        request,
        ImportJobInternals(region=caller.region),
    )
    resume_creation(engine, job)
    return {"datasetImportJobArn": job.arn}


def resume_creation(engine: Engine, job: Resource[ImportJobInternals]) -> None:
    """Start an import, or restart one that a stop of the engine interrupted."""
    engine.lifecycles.create(job, partial(_import, engine, job))


async def _import(engine: Engine, job: Resource[ImportJobInternals]) -> None:
    dataset = engine.resources.find(DATASET, job.document["datasetArn"])
    schema = engine.resources.find(SCHEMA, dataset.document["schemaArn"])
    group = engine.groups[dataset.document["datasetGroupArn"]]
    if job.internals.imported:
        return  # the engine was stopped between the import and its last status
    part = new_id()
    task = {
        "kind": "import",
        "location": job.document["dataSource"]["dataLocation"],
        "region": job.internals.region,
        "schema": schema.document["schema"],
        "mode": job.document["importMode"],
    }
    if dataset.document["datasetType"] == ACTIONS:
        actions = group.rows[ACTIONS]
        task["kept_actions"] = list(actions.streamed if job.document["importMode"] == FULL else actions.all())
    publish = bool(job.document.get("publishAttributionMetricsToS3"))
    outcome = await engine.jobs.run(
        task, group.part_path(part), partial(prepare_attribution, engine, dataset, task, publish=publish)
    )
    add_attribution(engine, dataset, task, outcome)
    # A data deletion rewrites parts: what it has removed must not be read from the old ones.
    async with group.erasing:
        replaced = dataset.internals.parts if job.document["importMode"] == FULL else []
        dataset.internals.parts = [part for part in dataset.internals.parts if part not in replaced] + [part]
        engine.resources.save(dataset)
        job.internals.imported = True
        engine.resources.save(job)
        await engine.load_parts(dataset)
    for old in replaced:
        shutil.rmtree(group.part_path(old), ignore_errors=True)


RESOURCE_KIND = ResourceKind(
    IMPORT_JOB,
    {
        "CreateDatasetImportJob": create,
        "DescribeDatasetImportJob": describe_operation(IMPORT_JOB),
        "ListDatasetImportJobs": list_operation(IMPORT_JOB, "datasetImportJobs", "datasetArn"),
    },
    resume_creation=resume_creation,
    resume_deletion=None,  # no operation deletes jobs
)
