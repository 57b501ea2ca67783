"""Datasets: one of each type in a dataset group."""

from __future__ import annotations

import shutil
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import Schema, read_schema
from model.datasets.dataset_types import ACTION_INTERACTIONS, ITEMS, OF_DOMAINS, RECORD_NAMES, USERS
from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.reading import describe_operation, list_operation
from model.engine.operations.resources.rules import check_not_in_use, create_resource, find, find_active
from model.engine.personalize.errors import InvalidInputError, ResourceInUseError
from model.engine.storage.control_plane.kinds import (
    DATA_DELETION_JOB,
    DATASET,
    DATASET_GROUP,
    EXPORT_JOB,
    IMPORT_JOB,
    RECOMMENDER,
    SCHEMA,
    SOLUTION,
    TRAINED_KINDS,
    DatasetInternals,
    ImportJobInternals,
    Internals,
    Kind,
)
from model.engine.storage.control_plane.resources import ACTIVE, DELETE_PENDING, FAILED, Resource

if TYPE_CHECKING:
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine

# The others may not be replaced (developer guide, "Replacing a dataset's schema").
WITH_REPLACEABLE_SCHEMA = (ITEMS, USERS)


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateDataset."""
    dataset_type = request["datasetType"].upper()
    if dataset_type not in RECORD_NAMES.values():
        offered = ", ".join(RECORD_NAMES.values())
        raise InvalidInputError(f"datasetType must be one of {offered}, not {request['datasetType']}")
    group = find_active(engine, caller, DATASET_GROUP, request["datasetGroupArn"])
    domain = group.document.get("domain")
    if domain and dataset_type not in OF_DOMAINS:
        raise InvalidInputError(f"a dataset group of the domain {domain} may not have a dataset of {dataset_type}")
    schema = find(engine, caller, SCHEMA, request["schemaArn"])
    _check_schema(schema, dataset_type, domain)
    document = {**request, "datasetType": dataset_type}
    if dataset_type == ACTION_INTERACTIONS:
        document["trackingId"] = str(uuid.uuid4())
    path = f"dataset/{group.document['name']}/{dataset_type}"
    dataset = create_resource(engine, caller, DATASET, path, document, DatasetInternals(parts=[]))
    engine.lifecycles.create(dataset)
    return {"datasetArn": dataset.arn}


def update(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """UpdateDataset: a new schema, with the columns of the old one and new nullable ones."""
    dataset = find_active(engine, caller, DATASET, request["datasetArn"])
    dataset_type = dataset.document["datasetType"]
    if dataset_type not in WITH_REPLACEABLE_SCHEMA:
        raise InvalidInputError(
            f"the schema of a dataset of {dataset_type} cannot be replaced, "
            f"only that of {' or '.join(WITH_REPLACEABLE_SCHEMA)}"
        )
    if dataset.is_updating:
        raise ResourceInUseError(f"the dataset {dataset.arn} is being updated already")
    check_not_in_use("the dataset is being imported", _busy_imports(engine, dataset))
    schema = find(engine, caller, SCHEMA, request["schemaArn"])
    group = engine.resources.find(DATASET_GROUP, dataset.document["datasetGroupArn"])
    _check_schema(schema, dataset_type, group.document.get("domain"))
    _check_replacement(_schema(engine, dataset.document["schemaArn"]), _schema(engine, schema.arn))
    dataset.begin_update(schemaArn=schema.arn)
    engine.resources.save(dataset)
    resume_update(engine, dataset)
    return {"datasetArn": dataset.arn}


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteDataset: refused while an import, an export, a training or a data deletion job uses it."""
    dataset = find_active(engine, caller, DATASET, request["datasetArn"])
    group_arn = dataset.document["datasetGroupArn"]
    trainings = [
        resource for kind in TRAINED_KINDS for resource in engine.resources.of_kind(kind, datasetGroupArn=group_arn)
    ]
    busy = [training for training in trainings if not training.settled]
    check_not_in_use("the dataset is being imported or trained on", _busy_imports(engine, dataset) + busy)
    exports = engine.resources.of_kind(EXPORT_JOB, datasetArn=dataset.arn)
    check_not_in_use("the dataset is being exported", [job for job in exports if not job.settled])
    deletions = engine.resources.of_kind(DATA_DELETION_JOB, datasetGroupArn=group_arn)
    check_not_in_use("users are being deleted", [job for job in deletions if not job.settled])
    dataset.document["status"] = DELETE_PENDING
    engine.resources.save(dataset)
    resume_deletion(engine, dataset)
    return {}


def resume_creation(engine: Engine, dataset: Resource[DatasetInternals]) -> None:
    """Resume a creation."""
    engine.lifecycles.create(dataset)


def next_schema(dataset: Resource[DatasetInternals]) -> str | None:
    """Return the schema of a pending or running update; None without one."""
    return str(dataset.latest_update["schemaArn"]) if dataset.is_updating else None


def resume_update(engine: Engine, dataset: Resource[DatasetInternals]) -> None:
    """Start or resume an update."""
    engine.lifecycles.create(dataset, partial(_use_schema, engine, dataset), dataset.kind.update_member)


def resume_deletion(engine: Engine, dataset: Resource[DatasetInternals]) -> None:
    """Start or resume a deletion."""

    async def remove() -> None:
        group = engine.groups[dataset.document["datasetGroupArn"]]
        await group.delete_dataset(dataset.document["datasetType"])
        imports = engine.resources.of_kind(IMPORT_JOB, datasetArn=dataset.arn)
        exports = engine.resources.of_kind(EXPORT_JOB, datasetArn=dataset.arn)
        engine.resources.remove(dataset, *imports, *exports)
        for part in dataset.internals.parts:
            shutil.rmtree(group.part_path(part), ignore_errors=True)

    engine.lifecycles.delete(dataset, remove)


async def _use_schema(engine: Engine, dataset: Resource[DatasetInternals]) -> None:
    """Change the schema of a dataset; existing solutions and recommenders exclude the new columns at first."""
    old = {column.name for column in _schema(engine, dataset.document["schemaArn"]).columns}
    arn = dataset.latest_update["schemaArn"]
    new = [column.name for column in _schema(engine, arn).columns if column.name not in old]
    group_arn, dataset_type = dataset.document["datasetGroupArn"], dataset.document["datasetType"]
    members: tuple[tuple[Kind[Any], str], ...] = ((SOLUTION, "solutionConfig"), (RECOMMENDER, "recommenderConfig"))
    for kind, member in members:
        for resource in engine.resources.of_kind(kind, datasetGroupArn=group_arn):
            config = resource.document.setdefault(member, {}).setdefault("trainingDataConfig", {})
            excluded = config.setdefault("excludedDatasetColumns", {}).setdefault(dataset_type, [])
            excluded += [name for name in new if name not in excluded]
            engine.resources.save(resource)
    dataset.document["schemaArn"] = arn
    engine.resources.save(dataset)


def _busy_imports(engine: Engine, dataset: Resource[DatasetInternals]) -> list[Resource[ImportJobInternals]]:
    imports = engine.resources.of_kind(IMPORT_JOB, datasetArn=dataset.arn)
    return [job for job in imports if job.status not in {ACTIVE, FAILED}]


def _check_schema(schema: Resource[Internals], dataset_type: str, domain: str | None) -> None:
    of_schema = schema.document.get("domain")
    described = read_schema(schema.document["schema"], of_schema).dataset_type
    if described != dataset_type:
        raise InvalidInputError(f"the schema {schema.arn} describes {described}, not {dataset_type}")
    if of_schema != domain:
        raise InvalidInputError(
            f"the schema {schema.arn} is for {of_schema or 'custom dataset groups'}, "
            f"and the dataset group for {domain or 'no domain'}"
        )


def _check_replacement(old: Schema, new: Schema) -> None:
    columns = {column.name: column for column in new.columns}
    for column in old.columns:
        if column.name not in columns:
            raise InvalidInputError(f"the new schema lacks the field {column.name}; all fields must be kept")
        if columns.pop(column.name) != column:
            raise InvalidInputError(f"field {column.name} must keep its type and attributes")
    for column in columns.values():
        if not column.nullable:
            raise InvalidInputError(f"the new field {column.name} must allow null")


def _schema(engine: Engine, arn: str) -> Schema:
    document = engine.resources.find(SCHEMA, arn).document
    return read_schema(document["schema"], document.get("domain"))


RESOURCE_KIND = ResourceKind(
    DATASET,
    {
        "CreateDataset": create,
        "DescribeDataset": describe_operation(DATASET),
        "ListDatasets": list_operation(DATASET, "datasets", "datasetGroupArn"),
        "UpdateDataset": update,
        "DeleteDataset": delete,
    },
    resume_creation=resume_creation,
    resume_deletion=resume_deletion,
    resume_update=resume_update,
)
