"""Event trackers: their trackingId assigns events to a dataset group."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.reading import describe_operation, list_operation
from model.engine.operations.resources.rules import create_resource, find_active
from model.engine.personalize.errors import ResourceAlreadyExistsError
from model.engine.storage.control_plane.kinds import DATASET_GROUP, EVENT_TRACKER, Internals
from model.engine.storage.control_plane.resources import DELETE_PENDING, Resource

if TYPE_CHECKING:
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateEventTracker: a dataset group has one."""
    group = find_active(engine, caller, DATASET_GROUP, request["datasetGroupArn"])
    for other in engine.resources.of_kind(EVENT_TRACKER, datasetGroupArn=group.arn):
        raise ResourceAlreadyExistsError(f"the dataset group has the event tracker {other.arn} already")
    document = {**request, "trackingId": str(uuid.uuid4()), "accountId": caller.account}
    tracker = create_resource(engine, caller, EVENT_TRACKER, f"event-tracker/{request['name']}", document, Internals())
    engine.group_of_tracker[tracker.document["trackingId"]] = group.arn
    engine.lifecycles.create(tracker)
    return {"eventTrackerArn": tracker.arn, "trackingId": tracker.document["trackingId"]}


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteEventTracker: stored events are kept."""
    tracker = find_active(engine, caller, EVENT_TRACKER, request["eventTrackerArn"])
    tracker.document["status"] = DELETE_PENDING
    engine.resources.save(tracker)
    resume_deletion(engine, tracker)
    return {}


def resume_creation(engine: Engine, tracker: Resource[Internals]) -> None:
    """Resume a creation."""
    engine.lifecycles.create(tracker)


def resume_deletion(engine: Engine, tracker: Resource[Internals]) -> None:
    """Start or resume a deletion."""
    engine.group_of_tracker.pop(tracker.document["trackingId"], None)
    engine.lifecycles.delete(tracker)


RESOURCE_KIND = ResourceKind(
    EVENT_TRACKER,
    {
        "CreateEventTracker": create,
        "DescribeEventTracker": describe_operation(EVENT_TRACKER),
        "ListEventTrackers": list_operation(EVENT_TRACKER, "eventTrackers", "datasetGroupArn"),
        "DeleteEventTracker": delete,
    },
    resume_creation=resume_creation,
    resume_deletion=resume_deletion,
)
