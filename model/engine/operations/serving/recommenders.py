"""Recommenders: train and serve a use case of a domain, and are retrained automatically."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from model.engine.operations.resources.group_datasets import columns_of
from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.reading import list_operation
from model.engine.operations.resources.rules import check_quota, create_resource, find, find_active
from model.engine.operations.training.recipes import recipe_of
from model.engine.operations.training.train import train
from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError, ResourceInUseError
from model.engine.runtime.lifecycle import START, STOP
from model.engine.serving.serving_rules import check_explores, check_metadata, check_throughput
from model.engine.storage.control_plane.kinds import DATASET, DATASET_GROUP, RECOMMENDER, RecommenderInternals
from model.engine.storage.control_plane.resources import (
    ACTIVE,
    DELETE_IN_PROGRESS,
    DELETE_PENDING,
    IN_PROGRESS,
    INACTIVE,
    Resource,
)
from model.engine.storage.disk.state_directory import new_id
from model.engine.training.fitting import Plan
from model.engine.training.solution_rules import asks_for_repeats, check_columns, check_columns_exist

if TYPE_CHECKING:
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine
    from model.registry.named_recipe import NamedRecipe

CONFIG = "recommenderConfig"
COLUMNS = "trainingDataConfig"
DEFAULT_CONFIG = {"minRecommendationRequestsPerSecond": 1}  # API reference, RecommenderConfig


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateRecommender."""
    group = find_active(engine, caller, DATASET_GROUP, request["datasetGroupArn"])
    recipe = recipe_of(request["recipeArn"])
    domain = group.document.get("domain")
    if domain is None:
        raise InvalidInputError("recommenders need a domain dataset group; a custom one has solutions and campaigns")
    if recipe.domain != domain:
        raise InvalidInputError(f"{recipe.name} is {recipe.domain or 'no'} use case; the dataset group is for {domain}")
    config = {**DEFAULT_CONFIG, **(request.get(CONFIG) or {})}
    _check_config(engine, group.arn, recipe, config)
    _check_datasets(engine, group.arn, recipe)
    check_quota(engine, caller, RECOMMENDER, request["name"], limits.RECOMMENDERS_PER_GROUP, datasetGroupArn=group.arn)
    document = {**request, CONFIG: config}
    recommender = create_resource(
        engine, caller, RECOMMENDER, f"recommender/{request['name']}", document, RecommenderInternals(id=new_id())
    )
    resume_creation(engine, recommender)
    return {"recommenderArn": recommender.arn}


def describe(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeRecommender, with the metrics of its model unless it is being created or deleted."""
    recommender = find(engine, caller, RECOMMENDER, request["recommenderArn"])
    metrics = recommender.internals.metrics if recommender.status in {ACTIVE, INACTIVE} else None
    return {"recommender": {**recommender.document, "modelMetrics": metrics}}


def update(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """UpdateRecommender: a change of the columns retrains it; meanwhile the old model answers."""
    recommender = find_active(engine, caller, RECOMMENDER, request["recommenderArn"])
    if recommender.is_updating:
        raise ResourceInUseError(f"the recommender {recommender.arn} is being updated already")
    config = {**recommender.document[CONFIG], **request[CONFIG]}
    group_arn = recommender.document["datasetGroupArn"]
    _check_config(engine, group_arn, recipe_of(recommender.document["recipeArn"]), config)
    recommender.begin_update(**{CONFIG: config})
    engine.resources.save(recommender)
    resume_update(engine, recommender)
    return {"recommenderArn": recommender.arn}


def stop(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """StopRecommender: it stops answering and is not retrained."""
    recommender = _in_state(engine, caller, request["recommenderArn"], ACTIVE)
    recommender.document["status"] = STOP.pending
    engine.resources.save(recommender)
    resume_creation(engine, recommender)
    return {"recommenderArn": recommender.arn}


def start(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """StartRecommender: it answers with its last model."""
    recommender = _in_state(engine, caller, request["recommenderArn"], INACTIVE)
    recommender.document["status"] = START.pending
    engine.resources.save(recommender)
    resume_creation(engine, recommender)
    return {"recommenderArn": recommender.arn}


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteRecommender: it stops answering at once."""
    recommender = find(engine, caller, RECOMMENDER, request["recommenderArn"])
    if not recommender.settled or recommender.is_updating:
        raise ResourceInUseError(f"the recommender {recommender.arn} is {recommender.status} or being updated")
    recommender.document["status"] = DELETE_PENDING
    engine.resources.save(recommender)
    resume_deletion(engine, recommender)
    return {}


def resume_creation(engine: Engine, recommender: Resource[RecommenderInternals]) -> None:
    """Start or resume a creation, a stop or a start."""
    if recommender.status in {STOP.pending, STOP.in_progress}:
        engine.served.remove(recommender.arn)
        engine.lifecycles.create(recommender, states=STOP)
    elif recommender.status in {START.pending, START.in_progress}:
        engine.lifecycles.create(recommender, partial(engine.serve, recommender), states=START)
    else:
        engine.lifecycles.create(recommender, partial(retrain, engine, recommender, recommender.document[CONFIG]))


def resume_update(engine: Engine, recommender: Resource[RecommenderInternals]) -> None:
    """Start or resume an update."""

    async def change() -> None:
        config = recommender.latest_update[CONFIG]
        if config.get(COLUMNS) != recommender.document[CONFIG].get(COLUMNS):
            await retrain(engine, recommender, config)
        else:
            recommender.document[CONFIG] = config

    engine.lifecycles.create(recommender, change, recommender.kind.update_member)


def resume_deletion(engine: Engine, recommender: Resource[RecommenderInternals]) -> None:
    """Start or resume a deletion."""
    engine.served.remove(recommender.arn)

    async def remove() -> None:
        engine.resources.remove(recommender)
        shutil.rmtree(engine.state.version(recommender.internals.id), ignore_errors=True)

    engine.lifecycles.delete(recommender, remove)


async def retrain(engine: Engine, recommender: Resource[RecommenderInternals], config: dict[str, Any]) -> None:
    """Train on all present data and serve the new model; until it is ready, the recommender answers as before."""
    document, old = recommender.document, recommender.internals.id
    internals = msgspec.structs.replace(recommender.internals, id=new_id())
    plan = Plan([document["recipeArn"].rpartition("/")[2]])
    solution = {"solutionConfig": config, "repeats": asks_for_repeats(internals.tags)}
    trained = await train(engine, document["datasetGroupArn"], plan, solution, internals.id)
    trained.snapshot.store_in(internals)
    internals.metrics = trained.metrics
    if recommender.arn not in engine.resources or recommender.status in {DELETE_PENDING, DELETE_IN_PROGRESS}:
        shutil.rmtree(engine.state.version(internals.id), ignore_errors=True)
        return
    retrained = Resource(recommender.arn, RECOMMENDER, {**document, CONFIG: config}, internals)
    served = await engine.served.load(retrained, share=False)
    internals.tags = recommender.internals.tags  # they may have changed meanwhile
    recommender.internals = internals
    document[CONFIG] = config
    engine.resources.save(recommender)
    if recommender.status in {IN_PROGRESS, ACTIVE}:  # it may have been stopped meanwhile
        engine.served.set(recommender.arn, served)
    shutil.rmtree(engine.state.version(old), ignore_errors=True)


def _in_state(engine: Engine, caller: Caller, arn: str, state: str) -> Resource[RecommenderInternals]:
    recommender = find(engine, caller, RECOMMENDER, arn)
    if recommender.status != state:
        raise ResourceInUseError(f"the recommender {arn} is {recommender.status}, not {state}")
    if recommender.is_updating:
        raise ResourceInUseError(f"the recommender {arn} is being updated")
    return recommender


def _check_config(engine: Engine, group_arn: str, recipe: NamedRecipe, config: dict[str, Any]) -> None:
    known = {kind: set(columns) for kind, columns in columns_of(engine, group_arn).items()}
    check_columns(config.get(COLUMNS) or {}, CONFIG)
    check_columns_exist(config.get(COLUMNS) or {}, known)
    check_explores(recipe, config)
    check_metadata(config, known)
    check_throughput("minRecommendationRequestsPerSecond", config)


def _check_datasets(engine: Engine, group_arn: str, recipe: NamedRecipe) -> None:
    datasets = engine.resources.of_kind(DATASET, datasetGroupArn=group_arn)
    active = {dataset.document["datasetType"] for dataset in datasets if dataset.is_usable}
    missing = [kind for kind in recipe.datasets if kind not in active]
    if missing:
        raise InvalidInputError(f"{recipe.name} needs an active {missing[0]} dataset; the dataset group has none")


RESOURCE_KIND = ResourceKind(
    RECOMMENDER,
    {
        "CreateRecommender": create,
        "DescribeRecommender": describe,
        "ListRecommenders": list_operation(RECOMMENDER, "recommenders", "datasetGroupArn"),
        "UpdateRecommender": update,
        "StartRecommender": start,
        "StopRecommender": stop,
        "DeleteRecommender": delete,
    },
    resume_creation=resume_creation,
    resume_deletion=resume_deletion,
    resume_update=resume_update,
)
