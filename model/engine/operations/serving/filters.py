"""Filters: an expression, checked and compiled, that answers and batch jobs may name."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import read_schema
from model.engine.filters.compiled import CompiledFilter, compile_filter
from model.engine.filters.expression import DATASETS
from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.pages import page
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
    """CreateFilter: an expression that is wrong is refused at once."""
    group = find_active(engine, caller, DATASET_GROUP, request["datasetGroupArn"])
    check_quota(engine, caller, FILTER, limits.FILTERS_PER_GROUP, datasetGroupArn=group.arn)
    compiled = _compile(engine, group, request["filterExpression"])
    _check_fields(engine, group, compiled)
    made = create_resource(
        engine, caller, FILTER, f"filter/{request['name']}", request, FilterInternals(fields=sorted(compiled.fields))
    )
    resume_creation(engine, made)
    return {"filterArn": made.arn}


def describe(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeFilter."""
    return {"filter": find(engine, caller, FILTER, request["filterArn"]).document}


def list_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """ListFilters."""
    found = engine.resources.of_kind(FILTER, datasetGroupArn=request.get("datasetGroupArn"))
    return page(caller, request, "Filters", found)


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteFilter: not while a batch job goes by it."""
    doomed = find(engine, caller, FILTER, request["filterArn"])
    if not doomed.settled:
        raise ResourceInUseError(f"the filter {doomed.arn} is {doomed.status}, neither ACTIVE nor CREATE FAILED")
    jobs = [one for kind in BATCH_JOB_KINDS for one in engine.resources.of_kind(kind, filterArn=doomed.arn)]
    check_not_in_use("a batch job goes by the filter", [one for one in jobs if not one.settled])
    doomed.document["status"] = DELETE_PENDING
    engine.resources.save(doomed)
    resume_deletion(engine, doomed)
    return {}


def find_filter(engine: Engine, caller: Caller, arn: str) -> CompiledFilter:
    """Return a filter that is ready to be asked.

    Parameters
    ----------
    arn : str
        Of the filter, which may be of any of the caller's dataset groups.

    Raises
    ------
    ResourceNotFoundError
        The caller has no such filter.
    ResourceInUseError
        It is being created or deleted.
    InvalidInputError
        It does not fit the datasets as they are now.
    """
    found = find_active(engine, caller, FILTER, arn)
    group = engine.resources.find(DATASET_GROUP, found.document["datasetGroupArn"])
    return _compile(engine, group, found.document["filterExpression"])


def resume_creation(engine: Engine, made: Resource[FilterInternals]) -> None:
    """Begin a creation, or go on with one that a stop of the engine broke off."""
    engine.lifecycles.create(made, partial(_recheck, engine, made))


def resume_deletion(engine: Engine, doomed: Resource[FilterInternals]) -> None:
    """Begin a deletion, or go on with one that a stop of the engine broke off."""

    async def remove() -> None:
        engine.resources.remove(doomed)

    engine.lifecycles.delete(doomed, remove)


async def _recheck(engine: Engine, made: Resource[FilterInternals]) -> None:
    """Fail the creation of a filter whose datasets were deleted or changed meanwhile."""
    group = engine.resources.find(DATASET_GROUP, made.document["datasetGroupArn"])
    _compile(engine, group, made.document["filterExpression"])


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
        "DescribeFilter": describe,
        "ListFilters": list_all,
        "DeleteFilter": delete,
    },
    resume_creation=resume_creation,
    resume_deletion=resume_deletion,
)
