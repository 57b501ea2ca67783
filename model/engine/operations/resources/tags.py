"""TagResource, UntagResource and ListTagsForResource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.engine.personalize.errors import InvalidInputError, ResourceNotFoundError
from model.engine.personalize.tags import tagged, untagged
from model.engine.storage.control_plane.kinds import METRIC_ATTRIBUTION, SCHEMA

if TYPE_CHECKING:
    from model.engine.operations.resources.kind import Operations
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine
    from model.engine.storage.control_plane.resources import Resource

# Their Create operations take no tags either (developer guide, "Tagging Amazon Personalize resources").
WITHOUT_TAGS = (SCHEMA, METRIC_ATTRIBUTION)


def tag(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """TagResource."""
    resource = _find(engine, caller, request["resourceArn"])
    resource.internals.tags = tagged(resource.internals.tags, request["tags"])
    engine.resources.save(resource)
    return {}


def untag(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """UntagResource."""
    resource = _find(engine, caller, request["resourceArn"])
    resource.internals.tags = untagged(resource.internals.tags, request["tagKeys"])
    engine.resources.save(resource)
    return {}


def list_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """ListTagsForResource."""
    return {"tags": _find(engine, caller, request["resourceArn"]).internals.tags}


def _find(engine: Engine, caller: Caller, arn: str) -> Resource[Any]:
    if not arn.startswith(caller.prefix) or arn not in engine.resources:
        raise ResourceNotFoundError(f"there is no resource {arn}")
    resource = engine.resources.get(arn)
    if resource.kind in WITHOUT_TAGS:
        raise InvalidInputError(f"a {resource.kind.label} has no tags")
    return resource


OPERATIONS: Operations = {"TagResource": tag, "UntagResource": untag, "ListTagsForResource": list_all}
