"""Trains any recipe on the data sets of the workflow, as a SageMaker training job.

The hyper-parameter `recipe` names the recipe; the others belong to the recipe. Metrics are printed as `name=value;`,
which the regular expressions in `metric_definitions.json` match.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING, Any, TextIO

from model.datasets.errors import DatasetError
from model.evaluation.solution_metrics.evaluate import evaluate
from model.networks.errors import NetworksError
from model.networks.problem import problem_of
from model.networks.serving.network_recipe import NetworkRecipe
from model.networks.torch_process import learn
from model.recipes.recipe import UnsuitableDataError
from model.registry.recipes import RECIPES
from model.sagemaker.channels import read_channels
from model.sagemaker.training_job import TrainingJobError, read_training_job

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from model.datasets.training_data import TrainingData
    from model.recipes.recipe import Recipe
    from model.recipes.segments.segment_recipe import SegmentRecipe
    from model.registry.named_recipe import NamedRecipe
    from model.sagemaker.training_job import TrainingJob

DEFAULT_RECIPE = "aws-user-personalization-v2"
RECIPE = "recipe"
MODEL_FOLDER, DESCRIPTION = "model", "recipe.json"
MEASURED, NETWORK = "measured.json", "network"
FAILURE_CHARACTERS = 1024  # DescribeTrainingJob shows no more of the file

_KNOWN_FAILURES = (DatasetError, NetworksError, TrainingJobError, UnsuitableDataError)


class UnsuitableJobError(UnsuitableDataError):
    """A hyper-parameter is invalid; the message names it and its valid values."""


def main(environment: Mapping[str, str], output: TextIO = sys.stdout) -> int:
    """Train, and write the model or the reason of the failure where SageMaker expects it.

    Metrics are written to `output`. Returns the exit status: 0, or 1 if the job failed.
    """
    try:
        job = read_training_job(environment)
    except TrainingJobError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        train(job, output)
    except Exception as error:
        job.failure.parent.mkdir(parents=True, exist_ok=True)
        job.failure.write_text(str(error)[:FAILURE_CHARACTERS], encoding="utf-8")
        if not isinstance(error, _KNOWN_FAILURES):
            raise
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def train(job: TrainingJob, output: TextIO) -> None:
    """Measure a recipe on a hold-out, train it on all data, and write the model.

    An interrupted job resumes after the measurement if that was complete; a network resumes from its last epoch.
    """
    named, parameters = _recipe(job.hyperparameters)
    data = named.prepare(read_channels(job.channels, parameters))
    metrics, settings = _metrics_and_settings(named, data, job.checkpoints)
    output.writelines(f"{name}={value:.6f};\n" for name, value in metrics.items())
    output.flush()
    model = _fitted(named, data, settings, job.checkpoints)
    folder = job.model / MODEL_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder)
    described = {
        "recipe": named.name,
        "parameters": parameters,
        "settings": dict(settings),
        "metrics": dict(metrics),
        "interactions": len(data.interactions),
        "items": len(data.interactions.item_ids),
    }
    (job.model / DESCRIPTION).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")


def _recipe(hyperparameters: Mapping[str, str]) -> tuple[NamedRecipe, dict[str, str]]:
    """Return the recipe and its validated hyper-parameters."""
    parameters = {name: value for name, value in hyperparameters.items() if name != RECIPE}
    wanted = hyperparameters.get(RECIPE, DEFAULT_RECIPE)
    usable = {name: one for name, one in RECIPES.items() if "ACTIONS" not in one.datasets}
    if wanted not in usable:
        raise UnsuitableJobError(f"{RECIPE} is {wanted}, which cannot be trained; use {', '.join(sorted(usable))}")
    named = usable[wanted]
    for name, value in parameters.items():
        if name not in named.parameters:
            known = ", ".join(sorted(named.parameters)) or "none"
            raise UnsuitableJobError(f"{wanted} has no hyper-parameter {name}; it has {known}")
        refusal = named.parameters[name].refusal(value)
        if refusal:
            raise UnsuitableJobError(f"{name} is {value}: it {refusal}")
    return named, parameters


def _metrics_and_settings(
    named: NamedRecipe, data: TrainingData, checkpoints: Path | None
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return metrics and settings; from the checkpoint if it holds those of the same recipe and data."""
    mark = _fingerprint(named, data)
    if checkpoints is not None and (checkpoints / MEASURED).is_file():
        kept: dict[str, Any] = json.loads((checkpoints / MEASURED).read_bytes())
        if kept["mark"] == mark:
            return kept["metrics"], kept["settings"]
    metrics, settings = evaluate(named, data)
    if checkpoints is not None:
        checkpoints.mkdir(parents=True, exist_ok=True)
        # SageMaker may upload a file at any time, so it must be complete from the start.
        unfinished = checkpoints / f"{MEASURED}.new"
        kept = {"mark": mark, "metrics": dict(metrics), "settings": dict(settings)}
        unfinished.write_text(json.dumps(kept), encoding="utf-8")
        unfinished.replace(checkpoints / MEASURED)
    return metrics, settings


def _fitted(
    named: NamedRecipe, data: TrainingData, settings: Mapping[str, float], checkpoints: Path | None
) -> Recipe | SegmentRecipe:
    algorithm = named.algorithm
    if not issubclass(algorithm, NetworkRecipe):
        return algorithm.fit(data, settings)
    folder = None if checkpoints is None else checkpoints / NETWORK
    problem = problem_of(data.interactions)
    return algorithm.from_trained(data, *learn(algorithm.network, problem, data.parameters, folder, is_shown=True))


def _fingerprint(named: NamedRecipe, data: TrainingData) -> str:
    """Return a digest of the recipe, its hyper-parameters and the interactions."""
    known = data.interactions
    digest = hashlib.sha256(json.dumps([named.name, sorted(data.parameters.items())]).encode())
    for ids in (known.user_ids, known.item_ids, known.event_types, data.catalogue.item_ids, data.users.item_ids):
        digest.update("\0".join(ids).encode())
    for column in (known.users, known.items, known.kinds, known.times):
        digest.update(column.tobytes())
    return digest.hexdigest()
