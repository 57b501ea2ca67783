"""All operations and kinds of resources, and what a start of the engine resumes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import read_schema
from model.engine.operations.automatic_updates import AutomaticUpdates
from model.engine.operations.batch import batch_inference_jobs, batch_segment_jobs
from model.engine.operations.data import (
    data_deletion_jobs,
    dataset_groups,
    datasets,
    event_trackers,
    events,
    export_jobs,
    import_jobs,
    schemas,
)
from model.engine.operations.resources import tags
from model.engine.operations.serving import answers, campaigns, filters, metric_attributions, recommenders
from model.engine.operations.training import recipes, solution_versions, solutions

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.engine.monitoring.metrics import CacheInfo
    from model.engine.operations.resources.kind import Answer, Handler, ResourceKind
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine

RESOURCE_KINDS: tuple[ResourceKind[Any], ...] = (
    batch_inference_jobs.RESOURCE_KIND,
    batch_segment_jobs.RESOURCE_KIND,
    campaigns.RESOURCE_KIND,
    data_deletion_jobs.RESOURCE_KIND,
    dataset_groups.RESOURCE_KIND,
    datasets.RESOURCE_KIND,
    event_trackers.RESOURCE_KIND,
    export_jobs.RESOURCE_KIND,
    filters.RESOURCE_KIND,
    import_jobs.RESOURCE_KIND,
    metric_attributions.RESOURCE_KIND,
    recommenders.RESOURCE_KIND,
    schemas.RESOURCE_KIND,
    solution_versions.RESOURCE_KIND,
    solutions.RESOURCE_KIND,
)
CHANGES = ("Create", "Update", "Delete")
WITHOUT_RESOURCE = (answers.OPERATIONS, events.OPERATIONS, recipes.OPERATIONS, tags.OPERATIONS)


def _finishing(handler: Handler) -> Handler:
    """Return an operation that is answered once the brief changes are done, at a pace at which they take no time."""

    async def handle(engine: Engine, caller: Caller, request: dict[str, Any]) -> Answer:
        answered = handler(engine, caller, request)
        answer = await answered if inspect.isawaitable(answered) else answered
        await engine.lifecycles.finish_brief()
        return answer

    return handle


HANDLERS: dict[str, Handler] = {
    name: _finishing(handler) if name.startswith(CHANGES) else handler
    for operations in (*(kind.operations for kind in RESOURCE_KINDS), *WITHOUT_RESOURCE)
    for name, handler in operations.items()
}
# By label in /metrics; each returns its hits and misses.
CACHES: dict[str, Callable[[], CacheInfo]] = {
    "filters": filters.cache_info,
    "people": answers.cache_info,
    "schemas": read_schema.cache_info,
}


def resume(engine: Engine) -> None:
    """Resume all creations, updates and deletions that were in progress at the last stop; start automatic updates."""
    kinds = {kind.kind.name: kind for kind in RESOURCE_KINDS}
    for resource in engine.resources.all():
        kinds[resource.kind.name].resume(engine, resource)
    engine.lifecycles.run_in_background(AutomaticUpdates(engine).run())
