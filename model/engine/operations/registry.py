"""Which function does which operation, and which goes on with what a stop broke off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.engine.operations.automatic_updates import Upkeep
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
from model.engine.runtime.lifecycle import START, STOP
from model.engine.storage.control_plane.resources import (
    DELETE_IN_PROGRESS,
    DELETE_PENDING,
    IN_PROGRESS,
    PENDING,
    STOPPING,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import msgspec

    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine

    Answer = dict[str, Any] | msgspec.Struct
    Handler = Callable[[Engine, Caller, dict[str, Any]], Answer | Awaitable[Answer]]

# What every module may offer: OPERATIONS, CACHES whose use is counted, and of the kind of resource that it keeps KIND
# with `resume_creation`, `resume_deletion`, and `resume_update` beside `is_updating`.
MODULES = (
    answers,
    batch_inference_jobs,
    batch_segment_jobs,
    campaigns,
    data_deletion_jobs,
    dataset_groups,
    datasets,
    event_trackers,
    events,
    export_jobs,
    filters,
    import_jobs,
    metric_attributions,
    recipes,
    recommenders,
    schemas,
    solution_versions,
    solutions,
    tags,
)

HANDLERS: dict[str, Handler] = {
    name: handler for module in MODULES for name, handler in vars(module)["OPERATIONS"].items()
}
CACHES: dict[str, Callable[[], tuple[int, ...]]] = {
    name: told for module in MODULES for name, told in getattr(module, "CACHES", {}).items()
}
_KEEPERS: dict[str, dict[str, Any]] = {module.KIND: vars(module) for module in MODULES if hasattr(module, "KIND")}
# The states of all kinds in which something is on its way (see `lifecycle`), but for deletions.
_BEGUN = {PENDING, IN_PROGRESS, STOPPING, "PENDING", "IN PROGRESS", "IN_PROGRESS"}
_BEGUN |= {START.pending, START.in_progress, STOP.pending, STOP.in_progress}


def resume(engine: Engine) -> None:
    """Go on with every creation, update and deletion that was on its way when the engine stopped, and with upkeep."""
    for resource in engine.resources.all():
        keeper = _KEEPERS[resource.kind]
        if resource.status in _BEGUN:
            keeper["resume_creation"](engine, resource)
        elif resource.status in {DELETE_PENDING, DELETE_IN_PROGRESS}:
            keeper["resume_deletion"](engine, resource)
        if "is_updating" in keeper and keeper["is_updating"](resource):
            keeper["resume_update"](engine, resource)
    engine.lifecycles.run_beside(Upkeep(engine).run())
