"""Trains any recipe on the data sets of the workflow, as a SageMaker training job.

The hyper-parameter `recipe` names it; the others are its own. Metrics are printed as `name=value;`, which the regexes
of `metric_definitions.json` find.
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
from model.registry.amazon_recipes import RECIPES
from model.sagemaker.channels import read_channels
from model.sagemaker.surroundings import SurroundingsError, read_surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from model.datasets.training_data import TrainingData
    from model.recipes.recipe import Recipe
    from model.recipes.segments.segment_recipe import SegmentRecipe
    from model.registry.named_recipe import NamedRecipe
    from model.sagemaker.surroundings import Surroundings

DEFAULT_RECIPE = "aws-user-personalization-v2"
RECIPE = "recipe"
MODEL_FOLDER, DESCRIPTION = "model", "recipe.json"
MEASURED, NETWORK = "measured.json", "network"
FAILURE_CHARACTERS = 1024  # DescribeTrainingJob shows no more of the file

_KNOWN_FAILURES = (DatasetError, NetworksError, SurroundingsError, UnsuitableDataError)


class UnsuitableJobError(UnsuitableDataError):
    """The hyper-parameters cannot be followed; the message says which, and what would do."""


def main(environment: Mapping[str, str], output: TextIO = sys.stdout) -> int:
    """Train, and leave the model or the reason where SageMaker looks for it.

    Parameters
    ----------
    environment : mapping of str to str
        See `surroundings.read_surroundings`.
    output : text file
        Gets the metrics.

    Returns
    -------
    int
        0, or 1 where the job cannot be done.
    """
    try:
        surroundings = read_surroundings(environment)
    except SurroundingsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        train(surroundings, output)
    except Exception as error:
        surroundings.failure.parent.mkdir(parents=True, exist_ok=True)
        surroundings.failure.write_text(str(error)[:FAILURE_CHARACTERS], encoding="utf-8")
        if not isinstance(error, _KNOWN_FAILURES):
            raise
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def train(surroundings: Surroundings, output: TextIO) -> None:
    """Measure a recipe on a hold-out, train it on everything, and write the model.

    A training that was cut off after the measuring goes on behind it; a network goes on from its last epoch.

    Parameters
    ----------
    output : text file
    """
    named, parameters = _recipe(surroundings.hyperparameters)
    data = named.prepare(read_channels(surroundings.channels, parameters))
    metrics, settings = _measured(named, data, surroundings.checkpoints)
    output.writelines(f"{name}={value:.6f};\n" for name, value in metrics.items())
    output.flush()
    model = _fitted(named, data, settings, surroundings.checkpoints)
    folder = surroundings.model / MODEL_FOLDER
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
    (surroundings.model / DESCRIPTION).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")


def _recipe(hyperparameters: Mapping[str, str]) -> tuple[NamedRecipe, dict[str, str]]:
    """Return the recipe that is named, and its own hyper-parameters, checked."""
    parameters = {name: value for name, value in hyperparameters.items() if name != RECIPE}
    wanted = hyperparameters.get(RECIPE, DEFAULT_RECIPE)
    usable = {name: one for name, one in RECIPES.items() if "ACTIONS" not in one.datasets}
    if wanted not in usable:
        raise UnsuitableJobError(f"{RECIPE} is {wanted}; these can be trained: {', '.join(sorted(usable))}")
    named = usable[wanted]
    for name, value in parameters.items():
        if name not in named.parameters:
            known = ", ".join(sorted(named.parameters)) or "none"
            raise UnsuitableJobError(f"{wanted} has no hyper-parameter {name}; it has {known}")
        refusal = named.parameters[name].refusal(value)
        if refusal:
            raise UnsuitableJobError(f"{name} is {value}: it {refusal}")
    return named, parameters


def _measured(
    named: NamedRecipe, data: TrainingData, checkpoints: Path | None
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return metrics and settings, from the checkpoint where they were measured on these data before."""
    mark = _mark(named, data)
    if checkpoints is not None and (checkpoints / MEASURED).is_file():
        kept: dict[str, Any] = json.loads((checkpoints / MEASURED).read_bytes())
        if kept["mark"] == mark:
            return kept["metrics"], kept["settings"]
    metrics, settings = evaluate(named, data)
    if checkpoints is not None:
        checkpoints.mkdir(parents=True, exist_ok=True)
        # SageMaker uploads files as they are seen: whole or not at all.
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
    return algorithm.made(data, *learn(algorithm.network, problem, data.parameters, folder, is_shown=True))


def _mark(named: NamedRecipe, data: TrainingData) -> str:
    """Return what differs as soon as the recipe, its hyper-parameters or the interactions do."""
    known = data.interactions
    digest = hashlib.sha256(json.dumps([named.name, sorted(data.parameters.items())]).encode())
    for ids in (known.user_ids, known.item_ids, known.event_types, data.catalogue.item_ids, data.users.item_ids):
        digest.update("\0".join(ids).encode())
    for column in (known.users, known.items, known.kinds, known.times):
        digest.update(column.tobytes())
    return digest.hexdigest()
