"""Batch segment jobs: for files of items or of attributes, the users who are likely to touch such items."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from model.engine import limits
from model.engine.arns import Caller
from model.engine.avro_schema import read_schema
from model.engine.batch import Batch, BatchFailedError, read_filter_values, read_text, run
from model.engine.dataset_types import INTERACTIONS, ITEMS, USERS
from model.engine.errors import InvalidInputError
from model.engine.lifecycle import BATCH
from model.engine.operations.batch_rules import batch_paths, check_active_jobs, check_filter, check_recipe, claim_job
from model.engine.operations.claims import find, find_active
from model.engine.operations.filters import find_filter
from model.engine.operations.pages import page
from model.engine.segment_query import read_query
from model.recipes.segment_recipe import SegmentRecipe

if TYPE_CHECKING:
    from model.engine.dataset_group import DatasetGroup
    from model.engine.engine import Engine
    from model.engine.filters.compiled import CompiledFilter
    from model.engine.resources import Resource

KIND = "batch-segment-job"
USER_TARGET = "UserID"
BY_ATTRIBUTES = "aws-item-attribute-affinity"


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateBatchSegmentJob."""
    version = find_active(engine, caller, "solution-version", request["solutionVersionArn"])
    named = check_recipe(version)
    if named.kind != "USER_SEGMENTATION":
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
    check_active_jobs(engine, caller, KIND, limits.ACTIVE_BATCH_SEGMENT_JOBS)
    job = claim_job(engine, caller, KIND, request)
    resume_creation(engine, job)
    return {"batchSegmentJobArn": job.arn}


def describe(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeBatchSegmentJob."""
    return {"batchSegmentJob": find(engine, caller, KIND, request["batchSegmentJobArn"]).document}


def list_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """ListBatchSegmentJobs."""
    found = engine.resources.of_kind(KIND, solutionVersionArn=request.get("solutionVersionArn"))
    return page(caller, request, "batchSegmentJobs", found)


def resume_creation(engine: Engine, job: Resource) -> None:
    """Begin a job, or begin one again that a stop of the engine broke off."""
    engine.lifecycles.create(job, partial(_work, engine, job), states=BATCH)


async def _work(engine: Engine, job: Resource) -> None:
    document = job.document
    version = engine.resources.find("solution-version", document["solutionVersionArn"])
    named = check_recipe(version)
    group_arn = version.document["datasetGroupArn"]
    recipe = await asyncio.to_thread(named.algorithm.load, engine.state.version(version.private["id"]))
    if not isinstance(recipe, SegmentRecipe):
        raise BatchFailedError(f"the recipe {named.name} makes no segments")
    caller = Caller(job.private["account"], job.private["region"])
    compiled = find_filter(engine, caller, document["filterArn"]) if document.get("filterArn") else None
    schema_text = engine.schema_text(group_arn, ITEMS)
    schema = read_schema(schema_text) if schema_text else None

    def answer(line: dict[str, Any]) -> dict[str, Any]:
        allowed = _allowed(engine.groups[group_arn], recipe.user_ids, compiled, read_filter_values(line))
        if named.name == BY_ATTRIBUTES:
            if schema is None:
                raise InvalidInputError("the dataset group has no Items dataset")
            expression = line.get("itemAttributes")
            if not isinstance(expression, str):
                raise InvalidInputError("itemAttributes is required and must be a string")
            wanted: str | list[str] = [_feature(name, value) for name, value in read_query(expression, schema)]
        else:
            wanted = read_text(line, "itemId")
        try:
            return {"recommendedUsers": recipe.segment(wanted, document["numResults"], allowed)}
        except LookupError as unknown:
            raise InvalidInputError(str(unknown.args[0])) from None

    source, target = batch_paths(document)
    most = limits.SEGMENT_ATTRIBUTE_QUERIES if named.name == BY_ATTRIBUTES else limits.SEGMENT_ITEM_QUERIES
    await run(engine.state, Batch(source, target, caller.region, most), answer)


def _allowed(
    group: DatasetGroup, user_ids: list[str], compiled: CompiledFilter | None, values: dict[str, str]
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell which users may be named: those that a deletion has not removed since the training, and the filter keeps."""
    known = np.fromiter((_is_known(group, one) for one in user_ids), np.bool_, len(user_ids))
    if compiled is None:
        return known
    rows = group.tables[USERS].intern(user_ids)
    return known & compiled.allowed(group, "", None, values).take(rows)


def _is_known(group: DatasetGroup, user_id: str) -> bool:
    return group.people.knows(user_id) or group.rows[USERS].get(user_id) is not None


def _feature(column: str, value: str | float) -> str:
    return f"{column}={value}"


OPERATIONS = {
    "CreateBatchSegmentJob": create,
    "DescribeBatchSegmentJob": describe,
    "ListBatchSegmentJobs": list_all,
}
