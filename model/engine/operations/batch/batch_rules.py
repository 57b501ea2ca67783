"""Rules that batch inference jobs and batch segment jobs share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.engine.operations.resources.rules import create_resource
from model.engine.operations.serving.filters import find_filter
from model.engine.personalize.errors import InvalidInputError, LimitExceededError
from model.engine.s3.target import Location, read_location
from model.engine.storage.control_plane.kinds import FILTER, BatchJobInternals, Kind, SolutionVersionInternals

if TYPE_CHECKING:
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine
    from model.engine.storage.control_plane.resources import Resource


def batch_paths(document: dict[str, Any]) -> tuple[Location, Location]:
    """Return the source and the target of a job."""
    return (
        read_location(document["jobInput"]["s3DataSource"]["path"], "jobInput.s3DataSource.path"),
        read_location(document["jobOutput"]["s3DataDestination"]["path"], "jobOutput.s3DataDestination.path"),
    )


def check_filter(
    engine: Engine, caller: Caller, request: dict[str, Any], version: Resource[SolutionVersionInternals], target: str
) -> None:
    """Check that a job's filter, if any, belongs to the version's dataset group and selects what the job returns."""
    arn = request.get("filterArn")
    if not arn:
        return
    compiled = find_filter(engine, caller, arn)
    group_arn = engine.resources.find(FILTER, arn).document["datasetGroupArn"]
    if group_arn != version.document["datasetGroupArn"]:
        raise InvalidInputError(f"the filter {arn} belongs to another dataset group")
    if compiled.target != target:
        raise InvalidInputError(f"the filter {arn} selects by {compiled.target}; this job needs one by {target}")


def check_active_jobs(engine: Engine, caller: Caller, kind: Kind[BatchJobInternals], most: int) -> None:
    """Check that one more job may be pending or in progress."""
    jobs = [resource for resource in engine.resources.of_kind(kind) if resource.arn.startswith(caller.prefix)]
    if sum(not job.settled for job in jobs) >= most:
        raise LimitExceededError(f"{most} {kind.label}s are pending or in progress already")


def create_job(
    engine: Engine, caller: Caller, kind: Kind[BatchJobInternals], request: dict[str, Any]
) -> Resource[BatchJobInternals]:
    """Store a new job."""
    path = f"{kind.name}/{request['jobName']}"
    internals = BatchJobInternals(account=caller.account, region=caller.region)
    return create_resource(engine, caller, kind, path, request, internals)
