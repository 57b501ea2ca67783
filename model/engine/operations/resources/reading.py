"""Describe and List: most kinds of resources have the same two operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.engine.operations.resources.pages import page
from model.engine.operations.resources.rules import find

if TYPE_CHECKING:
    from model.engine.operations.resources.kind import Handler
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine
    from model.engine.storage.control_plane.kinds import Kind


def describe_operation(kind: Kind[Any]) -> Handler:
    """Return the operation that answers the document of a resource, such as {"campaign": ...} for a campaignArn."""

    def describe(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        document = find(engine, caller, kind, request[kind.arn_member]).document
        return {kind.arn_member.removesuffix("Arn"): document}

    return describe


def list_operation(kind: Kind[Any], member: str, parent: str | None = None) -> Handler:
    """Return the operation that lists resources as a member, such as "Filters", of the answer.

    `parent` is the member of the request, such as "datasetGroupArn", that selects the resources of one parent.
    """

    def list_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        selected = {parent: request.get(parent)} if parent else {}
        return page(caller, request, member, engine.resources.of_kind(kind, **selected))

    return list_all
