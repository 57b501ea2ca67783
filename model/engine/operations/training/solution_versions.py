"""Solution versions: trained models of a solution."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.pages import page
from model.engine.operations.resources.reading import describe_operation
from model.engine.operations.resources.rules import create_resource, find, find_active
from model.engine.operations.training.recipes import recipe_of
from model.engine.operations.training.train import Snapshot, train
from model.engine.personalize import limits
from model.engine.personalize.arns import service_arn
from model.engine.personalize.errors import (
    InvalidInputError,
    LimitExceededError,
    ResourceAlreadyExistsError,
    ResourceInUseError,
)
from model.engine.storage.control_plane.kinds import (
    DATASET,
    SOLUTION,
    SOLUTION_VERSION,
    SolutionInternals,
    SolutionVersionInternals,
)
from model.engine.storage.control_plane.resources import ACTIVE, IN_PROGRESS, PENDING, STOPPING, Resource
from model.engine.storage.disk.state_directory import new_id
from model.engine.training.fitting import Plan
from model.engine.training.solution_rules import asks_for_repeats, automl_recipes
from model.engine.training.tuning_rules import ranges_of, trials

if TYPE_CHECKING:
    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine

FULL, UPDATE = "FULL", "UPDATE"
AUTOMATIC, MANUAL = "AUTOMATIC", "MANUAL"
# Members that a version copies from its solution when the training begins.
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
    solution = find_active(engine, caller, SOLUTION, request["solutionArn"])
    version = begin(engine, caller, solution, request, MANUAL)
    return {"solutionVersionArn": version.arn}


def begin(
    engine: Engine, caller: Caller, solution: Resource[SolutionInternals], request: dict[str, Any], training_type: str
) -> Resource[SolutionVersionInternals]:
    """Begin a training.

    Parameters
    ----------
    training_type : str
        AUTOMATIC or MANUAL.

    Raises
    ------
    InvalidInputError
        The training mode is not possible, or a dataset is missing.
    ResourceAlreadyExistsError
        The solution has a version of the name.
    LimitExceededError
        Too many versions are being trained.
    """
    internals = SolutionVersionInternals(id=new_id())
    if request.setdefault("trainingMode", FULL) != FULL:
        full = _full_version(engine, solution, request["trainingMode"])
        internals.settings, internals.tuned = full.internals.settings, full.internals.tuned
    _check_datasets(engine, solution)
    part_of_arn = f"{solution.document['name']}/{internals.id[:8]}"
    name = request.get("name") or part_of_arn
    if any(engine.resources.of_kind(SOLUTION_VERSION, solutionArn=solution.arn, name=name)):
        raise ResourceAlreadyExistsError(f"the solution has a version of the name {name} already")
    pending = [
        version for version in engine.resources.of_kind(SOLUTION_VERSION) if version.status in {PENDING, IN_PROGRESS}
    ]
    if (
        len([resource for resource in pending if resource.arn.startswith(caller.prefix)])
        >= limits.PENDING_SOLUTION_VERSIONS
    ):
        raise LimitExceededError(f"{limits.PENDING_SOLUTION_VERSIONS} solution versions are being trained already")
    copied = {member: solution.document[member] for member in FROM_SOLUTION if member in solution.document}
    document = {**request, **copied, "name": name, "trainingType": training_type}
    version = create_resource(engine, caller, SOLUTION_VERSION, f"solution/{part_of_arn}", document, internals)
    resume_creation(engine, version)
    return version


def list_all(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """ListSolutionVersions."""
    if request.get("solutionArn"):
        find(engine, caller, SOLUTION, request["solutionArn"])
    versions = engine.resources.of_kind(SOLUTION_VERSION, solutionArn=request.get("solutionArn"))
    return page(caller, request, "solutionVersions", versions)


async def stop(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """StopSolutionVersionCreation."""
    version = find(engine, caller, SOLUTION_VERSION, request["solutionVersionArn"])
    if version.status == STOPPING:
        raise ResourceInUseError(f"the solution version {version.arn} is being stopped already")
    if version.status not in {PENDING, IN_PROGRESS}:
        raise InvalidInputError(
            f"the solution version {version.arn} is {version.status}; only {PENDING} and {IN_PROGRESS} can be stopped"
        )
    await engine.lifecycles.stop(version)
    return {}


def metrics(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """GetSolutionMetrics."""
    version = find_active(engine, caller, SOLUTION_VERSION, request["solutionVersionArn"])
    return {"solutionVersionArn": version.arn, "metrics": version.internals.metrics}


def latest_active(engine: Engine, solution_arn: str) -> Resource[SolutionVersionInternals] | None:
    """Return the latest ACTIVE version of a solution."""
    versions = [
        version
        for version in engine.resources.of_kind(SOLUTION_VERSION, solutionArn=solution_arn)
        if version.status == ACTIVE
    ]
    return versions[-1] if versions else None


def resume_creation(engine: Engine, version: Resource[SolutionVersionInternals]) -> None:
    """Start a training, or resume a stop or a training, which starts again from its beginning."""
    if version.status == STOPPING:
        engine.lifecycles.run_in_background(engine.lifecycles.stop(version))
    else:
        engine.lifecycles.create(version, partial(_train, engine, version))


def _full_version(
    engine: Engine, solution: Resource[SolutionInternals], mode: str
) -> Resource[SolutionVersionInternals]:
    """Return the version that a training of mode UPDATE starts from."""
    if mode != UPDATE:
        raise InvalidInputError(f"trainingMode must be {FULL} or {UPDATE}, not {mode}")
    arn = solution.document.get("recipeArn")
    if arn is None or not recipe_of(arn).update_training:
        named = (arn or "AutoML").rpartition("/")[2]
        raise InvalidInputError(
            f"trainingMode {UPDATE} is for aws-user-personalization and aws-hrnn-coldstart, not {named}"
        )
    versions = engine.resources.of_kind(SOLUTION_VERSION, solutionArn=solution.arn, trainingMode=FULL)
    active = [version for version in versions if version.status == ACTIVE]
    if not active:
        raise InvalidInputError(f"trainingMode {UPDATE} needs an ACTIVE version that was trained with {FULL}")
    return active[-1]


def _check_datasets(engine: Engine, solution: Resource[SolutionInternals]) -> None:
    group_arn = solution.document["datasetGroupArn"]
    arn = solution.document.get("recipeArn")
    needed = recipe_of(arn).datasets if arn else ("INTERACTIONS",)
    datasets = engine.resources.of_kind(DATASET, datasetGroupArn=group_arn)
    active = {dataset.document["datasetType"] for dataset in datasets if dataset.is_usable}
    missing = [kind for kind in needed if kind not in active]
    if missing:
        raise InvalidInputError(f"the dataset group has no active {missing[0]} dataset to train on")


def _plan(version: Resource[SolutionVersionInternals]) -> Plan:
    document = version.document
    config = document.get("solutionConfig") or {}
    if document.get("performAutoML"):
        automl = config.get("autoMLConfig") or {}
        return Plan(automl_recipes(automl), True, [], limits.HPO_JOBS_DEFAULT, automl.get("metricName") or "")
    recipe = document["recipeArn"].rpartition("/")[2]
    if document["trainingMode"] == UPDATE:
        return Plan([recipe], settings=version.internals.settings)
    if not document.get("performHPO"):
        return Plan([recipe])
    tuning = config.get("hpoConfig")
    return Plan([recipe], True, ranges_of(tuning), trials(tuning))


def _config(version: Resource[SolutionVersionInternals]) -> dict[str, Any]:
    """Return the part of the solution's configuration that a training uses."""
    if version.document.get("performAutoML"):
        return {}  # AutoML uses only autoMLConfig (API reference, CreateSolution)
    config: dict[str, Any] = version.document.get("solutionConfig") or {}
    if version.document["trainingMode"] == UPDATE:
        given = {**(config.get("algorithmHyperParameters") or {}), **(version.internals.tuned or {})}
        return {**config, "algorithmHyperParameters": given}
    return config


async def _train(engine: Engine, version: Resource[SolutionVersionInternals]) -> None:
    document, internals = version.document, version.internals
    solution = {
        "eventType": document.get("eventType"),
        "solutionConfig": _config(version),
        "repeats": asks_for_repeats(engine.resources.find(SOLUTION, document["solutionArn"]).internals.tags),
    }

    def note_data(snapshot: Snapshot) -> None:
        snapshot.store_in(internals)

    later = engine.resources.find(SOLUTION, document["solutionArn"]).internals.later_columns
    trained = await train(
        engine,
        document["datasetGroupArn"],
        _plan(version),
        solution,
        internals.id,
        on_begin=note_data,
        later_columns=later,
    )
    internals.metrics, internals.settings = trained.metrics, trained.settings
    if document["trainingMode"] != UPDATE:
        internals.tuned = trained.tuned
    document["trainingHours"] = trained.hours
    if document.get("performHPO"):
        document["tunedHPOParams"] = {"algorithmHyperParameters": internals.tuned}
    if document.get("performAutoML"):
        document["recipeArn"] = service_arn("recipe", trained.recipe)
        parent = engine.resources.find(SOLUTION, document["solutionArn"])
        parent.document["autoMLResult"] = {"bestRecipeArn": document["recipeArn"]}
        engine.resources.save(parent)
    engine.resources.save(version)


RESOURCE_KIND = ResourceKind(
    SOLUTION_VERSION,
    {
        "CreateSolutionVersion": create,
        "DescribeSolutionVersion": describe_operation(SOLUTION_VERSION),
        "ListSolutionVersions": list_all,
        "StopSolutionVersionCreation": stop,
        "GetSolutionMetrics": metrics,
    },
    resume_creation=resume_creation,
    resume_deletion=None,  # it is deleted together with its solution
)
