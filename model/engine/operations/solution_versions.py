"""Solution versions: a solution, trained."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from model.engine import limits
from model.engine.dataset_group import INTERACTIONS
from model.engine.errors import InvalidInputError, LimitExceededError
from model.engine.operations.claims import claim, find, find_active
from model.engine.operations.pages import page
from model.engine.resources import ACTIVE, FAILED, Resource
from model.engine.state_directory import new_id
from model.engine.training import train

if TYPE_CHECKING:
    from model.engine.arns import Caller
    from model.engine.engine import Engine

KIND = "solution-version"
FULL = "FULL"
# What a version says of its solution as it was when the training began.
FROM_SOLUTION = (
    "performHPO",
    "performAutoML",
    "performIncrementalUpdate",
    "recipeArn",
    "eventType",
    "datasetGroupArn",
    "solutionConfig",
)


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateSolutionVersion."""
    solution = find_active(engine, caller, "solution", request["solutionArn"])
    if request.setdefault("trainingMode", FULL) != FULL:
        raise InvalidInputError(f"trainingMode {request['trainingMode']} is not offered yet: use {FULL}")
    group_arn = solution.document["datasetGroupArn"]
    datasets = engine.resources.of_kind("dataset", datasetGroupArn=group_arn, datasetType=INTERACTIONS)
    if not any(one.status == ACTIVE for one in datasets):
        raise InvalidInputError("the dataset group has no active Interactions dataset to train on")
    pending = [one for one in engine.resources.of_kind(KIND) if one.status not in {ACTIVE, FAILED}]
    if len([one for one in pending if one.arn.startswith(caller.prefix)]) >= limits.PENDING_SOLUTION_VERSIONS:
        raise LimitExceededError(f"{limits.PENDING_SOLUTION_VERSIONS} solution versions are being trained already")
    version_id = new_id()
    taken_over = {name: solution.document[name] for name in FROM_SOLUTION if name in solution.document}
    document = {**request, **taken_over, "trainingType": "MANUAL"}
    path = f"solution/{solution.document['name']}/{version_id[:8]}"
    version = claim(engine, caller, KIND, path, document, id=version_id)
    resume_creation(engine, version)
    return {"solutionVersionArn": version.arn}


def describe(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeSolutionVersion."""
    return {"solutionVersion": find(engine, caller, KIND, request["solutionVersionArn"]).document}


def list_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """ListSolutionVersions."""
    if request.get("solutionArn"):
        find(engine, caller, "solution", request["solutionArn"])
    found = engine.resources.of_kind(KIND, solutionArn=request.get("solutionArn"))
    return page(caller, request, "solutionVersions", found)


def metrics(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """GetSolutionMetrics."""
    version = find_active(engine, caller, KIND, request["solutionVersionArn"])
    return {"solutionVersionArn": version.arn, "metrics": version.private["metrics"]}


def resume_creation(engine: Engine, version: Resource) -> None:
    """Begin a training, or begin one again that a stop of the engine broke off."""
    engine.lifecycles.create(version, partial(_train, engine, version))


async def _train(engine: Engine, version: Resource) -> None:
    document = version.document
    solution = {name: document.get(name) for name in ("eventType", "solutionConfig")}
    recipe = document["recipeArn"].rpartition("/")[2]
    outcome = await train(engine, document["datasetGroupArn"], recipe, solution, version.private)
    version.private["metrics"] = outcome["metrics"]
    document["trainingHours"] = outcome["trainingHours"]
    engine.resources.save(version)


OPERATIONS = {
    "CreateSolutionVersion": create,
    "DescribeSolutionVersion": describe,
    "ListSolutionVersions": list_all,
    "GetSolutionMetrics": metrics,
}
