"""Solutions: a recipe and its configuration for a dataset group."""

from __future__ import annotations

import shutil
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import read_schema
from model.engine.operations.resources.group_datasets import columns_of, schemas_of
from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.reading import list_operation
from model.engine.operations.resources.rules import check_not_in_use, check_quota, create_resource, find, find_active
from model.engine.operations.training.recipes import recipe_of
from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError, ResourceInUseError
from model.engine.storage.control_plane.kinds import (
    BATCH_INFERENCE_JOB,
    BATCH_SEGMENT_JOB,
    CAMPAIGN,
    DATASET_GROUP,
    SOLUTION,
    SOLUTION_VERSION,
    DatasetGroupInternals,
    SolutionInternals,
)
from model.engine.storage.control_plane.resources import ACTIVE, DELETE_PENDING, FAILED, Resource
from model.engine.storage.dataset_group import ITEMS
from model.engine.training.solution_rules import (
    check_automl,
    check_columns_exist,
    check_event_parameters,
    check_incremental_update,
    check_solution,
    schedule_days,
)

if TYPE_CHECKING:
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine
    from model.registry.named_recipe import NamedRecipe

UPDATED = ("performAutoTraining", "performIncrementalUpdate", "solutionUpdateConfig")
NUMBERS = frozenset({"int", "long", "float", "double"})


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateSolution: it is ACTIVE at once, as the service's is, so that a version can be trained."""
    group = find_active(engine, caller, DATASET_GROUP, request["datasetGroupArn"])
    if request.get("performAutoML"):
        check_automl(request)
        request["performHPO"] = True  # as documented: AutoML always tunes
    else:
        if not request.get("recipeArn"):
            raise InvalidInputError("recipeArn is required unless performAutoML is true")
        recipe = recipe_of(request["recipeArn"])
        check_solution(request, recipe)
        _check_group(engine, group, recipe, request.get("solutionConfig") or {})
    check_quota(engine, caller, SOLUTION, request["name"], limits.SOLUTIONS_PER_GROUP, datasetGroupArn=group.arn)
    given = {
        "performHPO": False,
        "performAutoML": False,
        "performAutoTraining": True,
        "performIncrementalUpdate": False,
    }
    document = {**given, **request}
    internals = SolutionInternals(automatic_since=time.time())
    path = f"solution/{request['name']}"
    solution = create_resource(engine, caller, SOLUTION, path, document, internals, status=ACTIVE)
    return {"solutionArn": solution.arn}


def describe(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeSolution, with its latest version."""
    solution = find(engine, caller, SOLUTION, request["solutionArn"])
    versions = list(engine.resources.of_kind(SOLUTION_VERSION, solutionArn=solution.arn))
    latest = {"latestSolutionVersion": versions[-1].document} if versions else {}
    return {"solution": {**solution.document, **latest}}


def update(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """UpdateSolution: automatic training, its schedule, and the events to train on."""
    solution = find_active(engine, caller, SOLUTION, request["solutionArn"])
    if solution.is_updating:
        raise ResourceInUseError(f"the solution {solution.arn} is being updated already")
    asked = {name: request[name] for name in UPDATED if request.get(name) is not None}
    if not asked:
        raise InvalidInputError(f"an update needs one of {', '.join(UPDATED)}")
    config = asked.get("solutionUpdateConfig") or {}
    schedule_days(config.get("autoTrainingConfig"))
    check_event_parameters(config.get("eventsConfig") or {})
    if asked.get("performIncrementalUpdate"):
        if "recipeArn" not in solution.document:
            raise InvalidInputError("performIncrementalUpdate is for aws-semantic-similarity, not for performAutoML")
        check_incremental_update(recipe_of(solution.document["recipeArn"]))
    solution.begin_update(**asked)
    engine.resources.save(solution)
    resume_update(engine, solution)
    return {"solutionArn": solution.arn}


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteSolution, with its versions; refused while a campaign uses it."""
    solution = find(engine, caller, SOLUTION, request["solutionArn"])
    if solution.status not in {ACTIVE, FAILED} or solution.is_updating:
        raise ResourceInUseError(f"the solution {solution.arn} is being created, updated or deleted")
    versions = list(engine.resources.of_kind(SOLUTION_VERSION, solutionArn=solution.arn))
    check_not_in_use("a version is being trained", [version for version in versions if not version.settled])
    campaigns = [
        campaign for campaign in engine.resources.of_kind(CAMPAIGN) if campaign.internals.solution == solution.arn
    ]
    check_not_in_use("a campaign uses the solution", campaigns)
    arns = {version.arn for version in versions}
    for kind in (BATCH_INFERENCE_JOB, BATCH_SEGMENT_JOB):
        jobs = [
            resource for resource in engine.resources.of_kind(kind) if resource.document["solutionVersionArn"] in arns
        ]
        check_not_in_use("a batch job uses the solution", [job for job in jobs if not job.settled])
    solution.document["status"] = DELETE_PENDING
    engine.resources.save(solution)
    resume_deletion(engine, solution)
    return {}


def resume_creation(engine: Engine, solution: Resource[SolutionInternals]) -> None:
    """Complete the creation of an earlier engine, in which it took time."""
    engine.lifecycles.create(solution, partial(_start_schedule, solution))


def resume_update(engine: Engine, solution: Resource[SolutionInternals]) -> None:
    """Start or resume an update."""

    async def change() -> None:
        asked = solution.latest_update
        switched_on = asked.get("performAutoTraining") and not solution.document["performAutoTraining"]
        solution.document.update({name: asked[name] for name in UPDATED[:2] if name in asked})
        if changed := asked.get("solutionUpdateConfig"):
            solution.document["solutionConfig"] = {**(solution.document.get("solutionConfig") or {}), **changed}
        if switched_on:
            await _start_schedule(solution)

    engine.lifecycles.create(solution, change, solution.kind.update_member)


def resume_deletion(engine: Engine, solution: Resource[SolutionInternals]) -> None:
    """Start or resume a deletion."""

    async def remove() -> None:
        versions = list(engine.resources.of_kind(SOLUTION_VERSION, solutionArn=solution.arn))
        engine.resources.remove(solution, *versions)
        for version in versions:
            shutil.rmtree(engine.state.version(version.internals.id), ignore_errors=True)

    engine.lifecycles.delete(solution, remove)


async def _start_schedule(solution: Resource[SolutionInternals]) -> None:
    solution.internals.automatic_since = time.time()


def _check_group(
    engine: Engine, group: Resource[DatasetGroupInternals], recipe: NamedRecipe, config: dict[str, Any]
) -> None:
    """Check a solution against its dataset group."""
    if group.document.get("domain") and recipe.recommends_actions:
        raise InvalidInputError(
            f"{recipe.name} needs a custom dataset group; this one is for {group.document['domain']}"
        )
    known = {kind: set(columns) for kind, columns in columns_of(engine, group.arn).items()}
    check_columns_exist(config.get("trainingDataConfig") or {}, known)
    column = (config.get("optimizationObjective") or {}).get("itemAttribute")
    if column:
        schema = schemas_of(engine, group.arn).get(ITEMS)
        numbers = [column.name for column in read_schema(schema).columns if column.kind in NUMBERS] if schema else []
        if column not in numbers:
            raise InvalidInputError(
                f"the Items dataset has no numeric column {column}; it has {', '.join(numbers) or 'none'}"
            )


RESOURCE_KIND = ResourceKind(
    SOLUTION,
    {
        "CreateSolution": create,
        "DescribeSolution": describe,
        "ListSolutions": list_operation(SOLUTION, "solutions", "datasetGroupArn"),
        "UpdateSolution": update,
        "DeleteSolution": delete,
    },
    resume_creation=resume_creation,
    resume_deletion=resume_deletion,
    resume_update=resume_update,
)
