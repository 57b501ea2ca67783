"""Datasets: one of each type in a dataset group."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from model.engine.avro_schema import RECORD_NAMES, read_schema
from model.engine.errors import InvalidInputError
from model.engine.operations.claims import claim, find, find_active, refuse_while
from model.engine.operations.pages import page
from model.engine.resources import DELETE_PENDING, Resource

if TYPE_CHECKING:
    from model.engine.arns import Caller
    from model.engine.engine import Engine

KIND = "dataset"


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateDataset."""
    dataset_type = request["datasetType"].upper()
    if dataset_type not in RECORD_NAMES.values():
        raise InvalidInputError(f"datasetType must be one of {', '.join(RECORD_NAMES)}, not {request['datasetType']}")
    group = find_active(engine, caller, "dataset-group", request["datasetGroupArn"])
    schema = find(engine, caller, "schema", request["schemaArn"])
    described = read_schema(schema.document["schema"]).dataset_type
    if described != dataset_type:
        raise InvalidInputError(f"the schema {schema.arn} describes {described}, not {dataset_type}")
    path = f"dataset/{group.document['name']}/{dataset_type}"
    dataset = claim(engine, caller, KIND, path, {**request, "datasetType": dataset_type}, parts=[])
    engine.lifecycles.create(dataset)
    return {"datasetArn": dataset.arn}


def describe(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeDataset."""
    return {"dataset": find(engine, caller, KIND, request["datasetArn"]).document}


def list_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """ListDatasets."""
    found = engine.resources.of_kind(KIND, datasetGroupArn=request.get("datasetGroupArn"))
    return page(caller, request, "datasets", found)


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteDataset: not while an import or a training needs it."""
    dataset = find_active(engine, caller, KIND, request["datasetArn"])
    imports = engine.resources.of_kind("dataset-import-job", datasetArn=dataset.arn)
    trainings = engine.resources.of_kind("solution-version", datasetGroupArn=dataset.document["datasetGroupArn"])
    busy = [one for one in (*imports, *trainings) if not one.settled]
    refuse_while("the dataset is being imported or trained on", busy)
    dataset.document["status"] = DELETE_PENDING
    engine.resources.save(dataset)
    resume_deletion(engine, dataset)
    return {}


def resume_creation(engine: Engine, dataset: Resource) -> None:
    """Go on with a creation that a stop of the engine broke off."""
    engine.lifecycles.create(dataset)


def resume_deletion(engine: Engine, dataset: Resource) -> None:
    """Begin a deletion, or go on with one that a stop of the engine broke off."""

    async def remove() -> None:
        group = engine.groups[dataset.document["datasetGroupArn"]]
        await group.end_dataset(dataset.document["datasetType"])
        engine.resources.remove(dataset, *engine.resources.of_kind("dataset-import-job", datasetArn=dataset.arn))
        for part in dataset.private["parts"]:
            shutil.rmtree(group.part_path(part), ignore_errors=True)

    engine.lifecycles.delete(dataset, remove)


OPERATIONS = {
    "CreateDataset": create,
    "DescribeDataset": describe,
    "ListDatasets": list_all,
    "DeleteDataset": delete,
}
