"""Which function does which operation, and which goes on with what a stop broke off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.engine.operations import (
    answers,
    campaigns,
    dataset_groups,
    datasets,
    event_trackers,
    events,
    import_jobs,
    recipes,
    schemas,
    solution_versions,
    solutions,
)
from model.engine.resources import DELETE_IN_PROGRESS, DELETE_PENDING, IN_PROGRESS, PENDING, Resource

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from model.engine.arns import Caller
    from model.engine.engine import Engine

    Handler = Callable[[Engine, Caller, dict[str, Any]], dict[str, Any] | Awaitable[dict[str, Any]]]

HANDLERS: dict[str, Handler] = {
    **answers.OPERATIONS,
    **campaigns.OPERATIONS,
    **dataset_groups.OPERATIONS,
    **datasets.OPERATIONS,
    **event_trackers.OPERATIONS,
    **events.OPERATIONS,
    **import_jobs.OPERATIONS,
    **recipes.OPERATIONS,
    **schemas.OPERATIONS,
    **solution_versions.OPERATIONS,
    **solutions.OPERATIONS,
}

_CREATIONS: dict[str, Callable[[Engine, Resource], None]] = {
    module.KIND: module.resume_creation
    for module in (campaigns, dataset_groups, datasets, event_trackers, import_jobs, solution_versions, solutions)
}
_DELETIONS: dict[str, Callable[[Engine, Resource], None]] = {
    module.KIND: module.resume_deletion for module in (campaigns, dataset_groups, datasets, event_trackers, solutions)
}


def resume(engine: Engine) -> None:
    """Go on with every creation, update and deletion that was on its way when the engine stopped.

    Parameters
    ----------
    engine : Engine
    """
    for resource in engine.resources.all():
        if resource.status in {PENDING, IN_PROGRESS}:
            _CREATIONS[resource.kind](engine, resource)
        elif resource.status in {DELETE_PENDING, DELETE_IN_PROGRESS}:
            _DELETIONS[resource.kind](engine, resource)
        if resource.kind == campaigns.KIND and campaigns.is_updating(resource):
            campaigns.resume_update(engine, resource)
