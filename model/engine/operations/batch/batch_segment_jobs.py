"""Batch segment jobs: for files of items or attributes, the users who are likely to interact with such items."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from model.datasets.avro_schema import read_schema
from model.datasets.dataset_types import INTERACTIONS, ITEMS, USERS
from model.engine.operations.batch.batch_rules import batch_paths, check_active_jobs, check_filter, create_job
from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.reading import describe_operation, list_operation
from model.engine.operations.resources.rules import check_name, find_active
from model.engine.operations.serving.filters import find_filter
from model.engine.operations.training.recipes import recipe_of
from model.engine.personalize import limits
from model.engine.personalize.arns import Caller
from model.engine.personalize.errors import InvalidInputError
from model.engine.serving.batch import Batch, BatchFailedError, read_filter_values, read_string, run_batch
from model.engine.serving.segment_query import read_query
from model.engine.storage.control_plane.kinds import BATCH_SEGMENT_JOB, SOLUTION_VERSION, BatchJobInternals
from model.recipes.segments.segment_recipe import SegmentRecipe, attribute_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.datasets.avro_schema import Schema
    from model.engine.filters.compiled import CompiledFilter
    from model.engine.runtime.engine import Engine
    from model.engine.storage.control_plane.resources import Resource
    from model.engine.storage.dataset_group import DatasetGroup

USER_TARGET = "UserID"
BY_ATTRIBUTES = "aws-item-attribute-affinity"
# The guide has the first, the service's own output files the second; see CHOICES.md.
OUTPUT_MEMBERS = ("recommendedUsers", "usersList")


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateBatchSegmentJob."""
    version = find_active(engine, caller, SOLUTION_VERSION, request["solutionVersionArn"])
    named = recipe_of(version.document["recipeArn"])
    if not named.makes_segments:
        raise InvalidInputError(f"the recipe {named.name} makes no segments: use one of the type USER_SEGMENTATION")
    request.setdefault("numResults", limits.SEGMENT_USERS_DEFAULT)
    if not 1 <= request["numResults"] <= limits.SEGMENT_USERS:
        raise InvalidInputError(f"numResults must be from 1 to {limits.SEGMENT_USERS}, not {request['numResults']}")
    batch_paths(request)
    check_filter(engine, caller, request, version, USER_TARGET)
    compiled = find_filter(engine, caller, request["filterArn"]) if request.get("filterArn") else None
    # Developer guide, "Filtering recommendations and user segments".
    if compiled is not None and named.name == BY_ATTRIBUTES and INTERACTIONS in compiled.datasets:
        raise InvalidInputError(f"a filter by interactions cannot be used with {BY_ATTRIBUTES}")
    check_name(engine, caller, BATCH_SEGMENT_JOB, request["jobName"])
    check_active_jobs(engine, caller, BATCH_SEGMENT_JOB, limits.ACTIVE_BATCH_SEGMENT_JOBS)
    job = create_job(engine, caller, BATCH_SEGMENT_JOB, request)
    resume_creation(engine, job)
    return {"batchSegmentJobArn": job.arn}


def resume_creation(engine: Engine, job: Resource[BatchJobInternals]) -> None:
    """Start a job, or restart one that a stop of the engine interrupted."""
    engine.lifecycles.create(job, partial(_run, engine, job))


async def _run(engine: Engine, job: Resource[BatchJobInternals]) -> None:
    document = job.document
    version = engine.resources.find(SOLUTION_VERSION, document["solutionVersionArn"])
    named = recipe_of(version.document["recipeArn"])
    group_arn = version.document["datasetGroupArn"]
    recipe = await asyncio.to_thread(named.algorithm.load, engine.state.version(version.internals.id))
    if not isinstance(recipe, SegmentRecipe):
        raise BatchFailedError(f"the recipe {named.name} makes no segments")
    caller = Caller(job.internals.account, job.internals.region)
    compiled = find_filter(engine, caller, document["filterArn"]) if document.get("filterArn") else None
    group = engine.groups[group_arn]
    known = await asyncio.to_thread(_not_deleted, group, recipe.user_ids)
    schema_text = engine.schema_text(group_arn, ITEMS)
    schema = read_schema(schema_text) if schema_text else None

    def answer(line: dict[str, Any]) -> dict[str, Any]:
        values = read_filter_values(line)
        allowed = known if compiled is None else known & _kept(group, recipe.user_ids, compiled, values)
        wanted = _attributes(line, schema) if named.name == BY_ATTRIBUTES else read_string(line, "itemId")
        # At most as many as are allowed: the recipe ranks the others last, but does not leave them out.
        count = min(document["numResults"], int(np.count_nonzero(allowed)))
        try:
            users = recipe.segment(wanted, count, allowed)
        except LookupError as unknown:
            raise InvalidInputError(str(unknown.args[0])) from None
        return dict.fromkeys(OUTPUT_MEMBERS, users)

    source, target = batch_paths(document)
    most = limits.SEGMENT_ATTRIBUTE_QUERIES if named.name == BY_ATTRIBUTES else limits.SEGMENT_ITEM_QUERIES
    await run_batch(engine.state, Batch(source, target, caller.region, most), answer)


def _not_deleted(group: DatasetGroup, user_ids: list[str]) -> NDArray[np.bool_]:
    """Return which users have not been deleted since the training; anonymous sessions are no users."""
    rows = group.rows[USERS]
    return np.array(
        [group.interactions.has_user(user_id) or rows.get(user_id) is not None for user_id in user_ids], np.bool_
    )


def _kept(
    group: DatasetGroup, user_ids: list[str], compiled: CompiledFilter, values: dict[str, str]
) -> NDArray[np.bool_]:
    """Return which users a filter keeps."""
    # First the rows: a user without data gets one, so that the filter evaluates it.
    rows = group.tables[USERS].intern(user_ids)
    return compiled.allowed(group, "", None, values).take(rows)


def _attributes(line: dict[str, Any], schema: Schema | None) -> list[str]:
    """Return the attributes of a query in the form of recipes."""
    if schema is None:
        raise InvalidInputError("the dataset group has no Items dataset")
    expression = line.get("itemAttributes")
    if not isinstance(expression, str):
        raise InvalidInputError("itemAttributes is required and must be a string")
    return [attribute_of(name, value) for name, value in read_query(expression, schema)]


RESOURCE_KIND = ResourceKind(
    BATCH_SEGMENT_JOB,
    {
        "CreateBatchSegmentJob": create,
        "DescribeBatchSegmentJob": describe_operation(BATCH_SEGMENT_JOB),
        "ListBatchSegmentJobs": list_operation(BATCH_SEGMENT_JOB, "batchSegmentJobs", "solutionVersionArn"),
    },
    resume_creation=resume_creation,
    resume_deletion=None,  # no operation deletes jobs
)
