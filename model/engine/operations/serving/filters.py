"""Filters: expressions that are checked and compiled, for recommendations and batch jobs."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import read_schema
from model.engine.filters.compiled import CompiledFilter, compile_filter
from model.engine.filters.expression import DATASETS
from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.reading import describe_operation, list_operation
from model.engine.operations.resources.rules import check_not_in_use, check_quota, create_resource, find, find_active
from model.engine.personalize import limits
from model.engine.personalize.errors import LimitExceededError, ResourceInUseError
from model.engine.storage.control_plane.kinds import (
    BATCH_JOB_KINDS,
    DATASET_GROUP,
    FILTER,
    DatasetGroupInternals,
    FilterInternals,
)
from model.engine.storage.control_plane.resources import DELETE_PENDING, Resource

if TYPE_CHECKING:
    from model.engine.monitoring.metrics import CacheInfo
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateFilter: an invalid expression is refused at once."""
    group = find_active(engine, caller, DATASET_GROUP, request["datasetGroupArn"])
    compiled = _compile(engine, group, request["filterExpression"])
    check_quota(engine, caller, FILTER, request["name"], limits.FILTERS_PER_GROUP, datasetGroupArn=group.arn)
    _check_fields(engine, group, compiled)
    filter_ = create_resource(
        engine, caller, FILTER, f"filter/{request['name']}", request, FilterInternals(fields=sorted(compiled.fields))
    )
    resume_creation(engine, filter_)
    return {"filterArn": filter_.arn}


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteFilter: refused while a batch job uses it."""
    filter_ = find(engine, caller, FILTER, request["filterArn"])
    if not filter_.settled:
        raise ResourceInUseError(f"the filter {filter_.arn} is {filter_.status}, neither ACTIVE nor CREATE FAILED")
    jobs = [resource for kind in BATCH_JOB_KINDS for resource in engine.resources.of_kind(kind, filterArn=filter_.arn)]
    check_not_in_use("a batch job uses the filter", [job for job in jobs if not job.settled])
    filter_.document["status"] = DELETE_PENDING
    engine.resources.save(filter_)
    resume_deletion(engine, filter_)
    return {}


def find_filter(engine: Engine, caller: Caller, arn: str) -> CompiledFilter:
    """Return a compiled filter that is ACTIVE.

    Parameters
    ----------
    arn : str
        Of the filter, which may be of any of the caller's dataset groups.

    Raises
    ------
    InvalidInputError
        It does not fit the datasets as they are now.
    """
    filter_ = find_active(engine, caller, FILTER, arn)
    group = engine.resources.find(DATASET_GROUP, filter_.document["datasetGroupArn"])
    return _compile(engine, group, filter_.document["filterExpression"])


def resume_creation(engine: Engine, filter_: Resource[FilterInternals]) -> None:
    """Start or resume a creation."""
    engine.lifecycles.create(filter_)


def resume_deletion(engine: Engine, filter_: Resource[FilterInternals]) -> None:
    """Start or resume a deletion."""
    engine.lifecycles.delete(filter_)


def _check_fields(engine: Engine, group: Resource[DatasetGroupInternals], compiled: CompiledFilter) -> None:
    used = set(compiled.fields)
    for other in engine.resources.of_kind(FILTER, datasetGroupArn=group.arn):
        used.update(other.internals.fields)
    if len(used) > limits.FILTER_FIELDS_PER_GROUP:
        most = limits.FILTER_FIELDS_PER_GROUP
        raise LimitExceededError(f"the filters of a dataset group may name {most} different fields, not {len(used)}")


def _compile(engine: Engine, group: Resource[DatasetGroupInternals], expression: str) -> CompiledFilter:
    """Compile against the schemas that the group's datasets have now; the same ones cost a look-up."""
    schemas = (engine.schema_text(group.arn, dataset_type) for dataset_type in DATASETS.values())
    return _compiled(expression, tuple(text for text in schemas if text is not None))


@lru_cache(maxsize=1024)
def _compiled(expression: str, schemas: tuple[str, ...]) -> CompiledFilter:
    read = [read_schema(text) for text in schemas]
    return compile_filter(expression, {schema.dataset_type: schema for schema in read})


def cache_info() -> CacheInfo:
    """Return hits and misses of the cache of compiled filters."""
    return _compiled.cache_info()


RESOURCE_KIND = ResourceKind(
    FILTER,
    {
        "CreateFilter": create,
        "DescribeFilter": describe_operation(FILTER),
        "ListFilters": list_operation(FILTER, "Filters", "datasetGroupArn"),
        "DeleteFilter": delete,
    },
    resume_creation=resume_creation,
    resume_deletion=resume_deletion,
)
