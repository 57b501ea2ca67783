"""Dataset groups: what belongs together, apart from all else."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from model.engine.operations.resources.pages import page
from model.engine.operations.resources.rules import check_quota, claim, find, find_active, refuse_while
from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError
from model.engine.storage.control_plane.resources import DELETE_PENDING, Resource
from model.engine.storage.disk.state_directory import new_id

if TYPE_CHECKING:
    from model.engine.operations.registry import Handler
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine

KIND = "dataset-group"
# API reference, DeleteDatasetGroup, which does not speak of recommenders: they need their datasets as solutions do.
GO_FIRST = ("event-tracker", "recommender", "solution", "dataset")


async def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateDatasetGroup: a custom one, or one of a domain, whose use cases recommenders answer."""
    if bool(request.get("kmsKeyArn")) != bool(request.get("roleArn")):
        raise InvalidInputError("kmsKeyArn and roleArn belong together: give both or neither")
    check_quota(engine, caller, KIND, limits.DATASET_GROUPS)
    group = claim(engine, caller, KIND, f"dataset-group/{request['name']}", request, id=new_id())
    await engine.open_group(group)
    engine.lifecycles.create(group)
    return {"datasetGroupArn": group.arn, "domain": request.get("domain")}


def describe(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeDatasetGroup."""
    return {"datasetGroup": find(engine, caller, KIND, request["datasetGroupArn"]).document}


def list_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """ListDatasetGroups."""
    return page(caller, request, "datasetGroups", engine.resources.of_kind(KIND))


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteDatasetGroup: event trackers, recommenders, solutions and datasets go first; the rest goes with it."""
    group = find_active(engine, caller, KIND, request["datasetGroupArn"])
    for kind in GO_FIRST:
        left = list(engine.resources.of_kind(kind, datasetGroupArn=group.arn))
        refuse_while(f"the dataset group has a {kind.replace('-', ' ')}", left)
    refuse_while(
        "something of the dataset group is on its way", [one for one in _rest(engine, group) if not one.settled]
    )
    group.document["status"] = DELETE_PENDING
    engine.resources.save(group)
    resume_deletion(engine, group)
    return {}


def resume_creation(engine: Engine, group: Resource) -> None:
    """Go on with a creation that a stop of the engine broke off."""
    engine.lifecycles.create(group)


def resume_deletion(engine: Engine, group: Resource) -> None:
    """Begin a deletion, or go on with one that a stop of the engine broke off."""

    async def remove() -> None:
        engine.attributions.pop(group.arn, None)
        data = engine.groups.pop(group.arn)
        await data.close()
        engine.resources.remove(group, *_rest(engine, group))
        shutil.rmtree(engine.state.group(group.private["id"]), ignore_errors=True)

    engine.lifecycles.delete(group, remove, DELETE_PENDING)  # API reference, DatasetGroup: it has no other


def _rest(engine: Engine, group: Resource) -> list[Resource]:
    """Return what belongs to a dataset group beside what has to be deleted first: filters and the like."""
    return [
        one for one in engine.resources.all() if one.document.get("datasetGroupArn") == group.arn and one is not group
    ]


OPERATIONS: dict[str, Handler] = {
    "CreateDatasetGroup": create,
    "DescribeDatasetGroup": describe,
    "ListDatasetGroups": list_all,
    "DeleteDatasetGroup": delete,
}
