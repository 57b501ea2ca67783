"""Dataset groups: separate sets of datasets, solutions and their data."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.reading import describe_operation, list_operation
from model.engine.operations.resources.rules import check_not_in_use, check_quota, create_resource, find_active
from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError
from model.engine.storage.control_plane.kinds import (
    DATASET,
    DATASET_GROUP,
    EVENT_TRACKER,
    RECOMMENDER,
    SOLUTION,
    DatasetGroupInternals,
    Kind,
)
from model.engine.storage.control_plane.resources import DELETE_PENDING, Resource
from model.engine.storage.disk.state_directory import new_id

if TYPE_CHECKING:
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine

# API reference, DeleteDatasetGroup, which does not mention recommenders: they need their datasets as solutions do.
MUST_BE_DELETED_FIRST: tuple[Kind[Any], ...] = (EVENT_TRACKER, RECOMMENDER, SOLUTION, DATASET)


async def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateDatasetGroup: a custom one, or one of a domain, for recommenders."""
    if request.get("roleArn") and not request.get("kmsKeyArn"):
        raise InvalidInputError("roleArn is for a key: set kmsKeyArn too")
    check_quota(engine, caller, DATASET_GROUP, request["name"], limits.DATASET_GROUPS)
    group = create_resource(
        engine, caller, DATASET_GROUP, f"dataset-group/{request['name']}", request, DatasetGroupInternals(id=new_id())
    )
    await engine.open_group(group)
    engine.lifecycles.create(group)
    return {"datasetGroupArn": group.arn, "domain": request.get("domain")}


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteDatasetGroup: refused while it has event trackers, recommenders, solutions or datasets."""
    group = find_active(engine, caller, DATASET_GROUP, request["datasetGroupArn"])
    for kind in MUST_BE_DELETED_FIRST:
        left = list(engine.resources.of_kind(kind, datasetGroupArn=group.arn))
        check_not_in_use(f"the dataset group has a {kind.label}", left)
    check_not_in_use(
        "a resource of the dataset group is being created, changed or deleted",
        [resource for resource in _remaining(engine, group) if not resource.settled],
    )
    group.document["status"] = DELETE_PENDING
    engine.resources.save(group)
    resume_deletion(engine, group)
    return {}


def resume_creation(engine: Engine, group: Resource[DatasetGroupInternals]) -> None:
    """Resume a creation."""
    engine.lifecycles.create(group)


def resume_deletion(engine: Engine, group: Resource[DatasetGroupInternals]) -> None:
    """Start or resume a deletion."""

    async def remove() -> None:
        engine.resources.remove(group, *_remaining(engine, group))
        engine.attributions.pop(group.arn, None)
        await engine.groups.pop(group.arn).close()
        shutil.rmtree(engine.state.group(group.internals.id), ignore_errors=True)

    engine.lifecycles.delete(group, remove, DELETE_PENDING)  # API reference, DatasetGroup: it has no other


def _remaining(engine: Engine, group: Resource[DatasetGroupInternals]) -> list[Resource[Any]]:
    """Return the resources that are deleted together with a dataset group, such as filters."""
    return [
        resource
        for resource in engine.resources.all()
        if resource.document.get("datasetGroupArn") == group.arn and resource is not group
    ]


RESOURCE_KIND = ResourceKind(
    DATASET_GROUP,
    {
        "CreateDatasetGroup": create,
        "DescribeDatasetGroup": describe_operation(DATASET_GROUP),
        "ListDatasetGroups": list_operation(DATASET_GROUP, "datasetGroups"),
        "DeleteDatasetGroup": delete,
    },
    resume_creation=resume_creation,
    resume_deletion=resume_deletion,
)
