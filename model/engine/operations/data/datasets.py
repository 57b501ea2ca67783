"""Datasets: one of each type in a dataset group."""

from __future__ import annotations

import shutil
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import Schema, read_schema
from model.datasets.dataset_types import ACTION_INTERACTIONS, ITEMS, OF_DOMAINS, RECORD_NAMES, USERS
from model.engine.operations.data.dataset_dependants import check_no_dependants, running_imports
from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.reading import describe_operation, list_operation
from model.engine.operations.resources.rules import check_not_in_use, create_resource, find, find_active
from model.engine.personalize.errors import InvalidInputError, ResourceInUseError
from model.engine.storage.control_plane.kinds import (
    DATASET,
    DATASET_GROUP,
    EXPORT_JOB,
    IMPORT_JOB,
    RECOMMENDER,
    SCHEMA,
    SOLUTION,
    DatasetInternals,
    Internals,
)
from model.engine.storage.control_plane.resources import DELETE_PENDING, UPDATE_PENDING, Resource

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
    check_not_in_use("the dataset is being imported", running_imports(engine, dataset))
    schema = find(engine, caller, SCHEMA, request["schemaArn"])
    group = engine.resources.find(DATASET_GROUP, dataset.document["datasetGroupArn"])
    _check_schema(schema, dataset_type, group.document.get("domain"))
    _check_replacement(_schema(engine, dataset.document["schemaArn"]), _schema(engine, schema.arn))
    dataset.begin_update(schemaArn=schema.arn)
    dataset.document["status"] = UPDATE_PENDING  # which no page documents; see CHOICES.md
    engine.resources.save(dataset)
    resume_update(engine, dataset)
    return {"datasetArn": dataset.arn}


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteDataset: refused while jobs use it, and before what must be deleted first."""
    dataset = find_active(engine, caller, DATASET, request["datasetArn"])
    if dataset.is_updating:
        raise ResourceInUseError(f"the dataset {dataset.arn} is being updated")
    check_no_dependants(engine, dataset)
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
    """Change the schema of a dataset; existing solutions and recommenders do not train on its new columns at first."""
    old = {column.name for column in _schema(engine, dataset.document["schemaArn"]).columns}
    arn = dataset.latest_update["schemaArn"]
    new = [column.name for column in _schema(engine, arn).columns if column.name not in old]
    group_arn, dataset_type = dataset.document["datasetGroupArn"], dataset.document["datasetType"]
    for solution in engine.resources.of_kind(SOLUTION, datasetGroupArn=group_arn):
        _extend(solution.internals.later_columns, dataset_type, new)
        engine.resources.save(solution)
    for recommender in engine.resources.of_kind(RECOMMENDER, datasetGroupArn=group_arn):
        config = recommender.document["recommenderConfig"].setdefault("trainingDataConfig", {})
        _extend(config.setdefault("excludedDatasetColumns", {}), dataset_type, new)
        engine.resources.save(recommender)
    dataset.document["schemaArn"] = arn
    engine.resources.save(dataset)


def _extend(columns: dict[str, list[str]], dataset_type: str, new: list[str]) -> None:
    known = columns.setdefault(dataset_type, [])
    known += [name for name in new if name not in known]


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
