"""Batch inference jobs: recommendations for files of users or items, equal to those of campaigns."""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import Schema, read_schema
from model.datasets.dataset_types import ITEMS
from model.engine.operations.batch.batch_rules import batch_paths, check_active_jobs, check_filter, create_job
from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.reading import describe_operation, list_operation
from model.engine.operations.resources.rules import check_name, find_active
from model.engine.operations.serving.answers import RANKING, user_features
from model.engine.operations.serving.filters import find_filter
from model.engine.operations.training.recipes import recipe_of
from model.engine.personalize import limits
from model.engine.personalize.arns import Caller
from model.engine.personalize.errors import InvalidInputError
from model.engine.serving.answering import (
    ITEM_TARGET,
    PredictedItem,
    RecommendationRequest,
    Restriction,
    rank,
    recommend,
)
from model.engine.serving.batch import Batch, read_filter_values, read_string, run_batch
from model.engine.serving.explanations import EXPLANATION
from model.engine.serving.serving_rules import EXPLORATION, INFLUENCE, check_explores, check_influence, exploration_of
from model.engine.serving.themes import Themes
from model.engine.storage.control_plane.kinds import BATCH_INFERENCE_JOB, SOLUTION_VERSION, BatchJobInternals
from model.recipes.recipe import Query

if TYPE_CHECKING:
    from model.engine.runtime.engine import Engine
    from model.engine.serving.served import Served
    from model.engine.storage.control_plane.resources import Resource

INFERENCE, THEMES = "BATCH_INFERENCE", "THEME_GENERATION"


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateBatchInferenceJob."""
    version = find_active(engine, caller, SOLUTION_VERSION, request["solutionVersionArn"])
    named = recipe_of(version.document["recipeArn"])
    if not named.batch or named.makes_segments:
        raise InvalidInputError(f"the recipe {named.name} gives no batch recommendations")
    request.setdefault("numResults", limits.RESULTS_DEFAULT)
    if not 1 <= request["numResults"] <= limits.RESULTS_MAX:
        raise InvalidInputError(f"numResults must be from 1 to {limits.RESULTS_MAX}, not {request['numResults']}")
    batch_paths(request)
    check_filter(engine, caller, request, version, ITEM_TARGET)
    config = request.get("batchInferenceJobConfig") or {}
    check_explores(named, config)
    check_influence(named, config)
    request.setdefault("batchInferenceJobMode", INFERENCE)
    if request["batchInferenceJobMode"] == THEMES:
        if not named.themes:
            raise InvalidInputError(f"the recipe {named.name} has no themes")
        _check_theme_columns(engine, request, version.document["datasetGroupArn"])
    check_name(engine, caller, BATCH_INFERENCE_JOB, request["jobName"])
    check_active_jobs(engine, caller, BATCH_INFERENCE_JOB, limits.ACTIVE_BATCH_INFERENCE_JOBS)
    job = create_job(engine, caller, BATCH_INFERENCE_JOB, request)
    resume_creation(engine, job)
    return {"batchInferenceJobArn": job.arn}


def resume_creation(engine: Engine, job: Resource[BatchJobInternals]) -> None:
    """Start a job, or restart one that a stop of the engine interrupted."""
    engine.lifecycles.create(job, partial(_run, engine, job))


async def _run(engine: Engine, job: Resource[BatchJobInternals]) -> None:
    document = job.document
    version = engine.resources.find(SOLUTION_VERSION, document["solutionVersionArn"])
    served = await engine.served.load(version, share=True)
    caller = Caller(job.internals.account, job.internals.region)
    compiled = find_filter(engine, caller, document["filterArn"]) if document.get("filterArn") else None
    themes = await asyncio.to_thread(_themes, engine, job, served) if _is_themed(job) else None

    def answer(line: dict[str, Any]) -> dict[str, Any]:
        values = read_filter_values(line)
        restriction = Restriction(compiled, values) if compiled is not None else None
        query = _query(engine, served, document.get("batchInferenceJobConfig") or {}, line)
        question = RecommendationRequest(query, document["numResults"], restriction, explained=_is_explained(line))
        group = engine.groups[served.group_arn]
        if served.named.kind == RANKING:
            return _output(served, rank(served, group, question, _item_list(line)), question.explained)
        items = recommend(served, group, question)
        return _output(served, items, question.explained) if themes is None else _themed(themes, items)

    source, target = batch_paths(document)
    most = limits.BATCH_THEMED_RECORDS if _is_themed(job) else limits.BATCH_INPUT_RECORDS
    await run_batch(engine.state, Batch(source, target, caller.region, most), answer)


def _query(engine: Engine, served: Served, config: dict[str, Any], line: dict[str, Any]) -> Query:
    needed = {name: read_string(line, name) for name in served.named.needs if name != "inputList"}
    # Popular items need no user, but their lines may have one for the filter.
    user = needed.get("userId") or (read_string(line, "userId") if line.get("userId") else "")
    weight, age_days = exploration_of(config.get(EXPLORATION) or {})
    interactions = engine.groups[served.group_arn].interactions
    return Query(
        history=interactions.history(user) if user else [],
        item_id=needed.get("itemId"),
        user=user,
        now=int(time.time()),
        exploration=weight if served.named.explores else 0.0,
        explored_age_days=age_days,
        user_features=user_features(engine, served, user),
        influence=config.get(INFLUENCE) or {},
        seen=served.seen_by(interactions, user) if user else None,
    )


def _output(served: Served, items: list[PredictedItem], explained: bool) -> dict[str, Any]:
    output: dict[str, Any] = {"recommendedItems": [item.item_id for item in items]}
    if served.named.scores:
        output["scores"] = [item.score for item in items]
    if served.named.reasons or any(item.reason for item in items):
        output["reasons"] = [item.reason or [] for item in items]
    if explained:
        output["explanations"] = [json.loads((item.metadata or {}).get(EXPLANATION, "[]")) for item in items]
    return output


def _themed(themes: Themes, items: list[PredictedItem]) -> dict[str, Any]:
    theme, scored = themes.find_theme([item.item_id for item in items])
    return {
        "recommendedItems": [item_id for item_id, _ in scored],
        "theme": theme,
        "itemsThemeRelevanceScores": [score for _, score in scored],
    }


def _is_explained(line: dict[str, Any]) -> bool:
    """Return whether a line requests explanations, with a member that Amazon's files do not have."""
    wanted = line.get("metadataColumns")
    if wanted not in (None, {}, {ITEMS: [EXPLANATION]}):
        raise InvalidInputError(f'metadataColumns of a line is {{"{ITEMS}": ["{EXPLANATION}"]}} or left out')
    return bool(wanted)


def _item_list(line: dict[str, Any]) -> list[str]:
    given = line.get("itemList")
    if not isinstance(given, list) or not all(isinstance(entry, str) and entry for entry in given):
        raise InvalidInputError("itemList is required and must be a list of strings")
    if not 1 <= len(given) <= limits.RANKED_ITEMS_MAX:
        raise InvalidInputError(f"itemList has {len(given)} members; it may have 1 to {limits.RANKED_ITEMS_MAX}")
    return given


def _is_themed(job: Resource[BatchJobInternals]) -> bool:
    return bool(job.document["batchInferenceJobMode"] == THEMES)


def _name_column(document: dict[str, Any]) -> str:
    return str(document["themeGenerationConfig"]["fieldsForThemeGeneration"]["itemName"])


def _items_schema(engine: Engine, group_arn: str) -> Schema:
    text = engine.schema_text(group_arn, ITEMS)
    if text is None:
        raise InvalidInputError("themes need an Items dataset")
    return read_schema(text)


def _check_theme_columns(engine: Engine, request: dict[str, Any], group_arn: str) -> None:
    if not request.get("themeGenerationConfig"):
        raise InvalidInputError("themeGenerationConfig is required to generate themes")
    schema, name = _items_schema(engine, group_arn), _name_column(request)
    if not any(column.name == name and column.kind == "string" for column in schema.columns):
        raise InvalidInputError(f"itemName must name a string column of the Items dataset, not {name}")
    if not any(column.textual for column in schema.columns):
        raise InvalidInputError("themes need a textual column in the Items dataset")


def _themes(engine: Engine, job: Resource[BatchJobInternals], served: Served) -> Themes:
    rows = engine.groups[served.group_arn].rows[ITEMS].all()
    return Themes(rows, _items_schema(engine, served.group_arn), _name_column(job.document))


RESOURCE_KIND = ResourceKind(
    BATCH_INFERENCE_JOB,
    {
        "CreateBatchInferenceJob": create,
        "DescribeBatchInferenceJob": describe_operation(BATCH_INFERENCE_JOB),
        "ListBatchInferenceJobs": list_operation(BATCH_INFERENCE_JOB, "batchInferenceJobs", "solutionVersionArn"),
    },
    resume_creation=resume_creation,
    resume_deletion=None,  # no operation deletes jobs
)
