"""Experiments: recipes trained and evaluated on a split, saved on disk, and compared later."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.evaluation.evaluate import Result, evaluate
from model.evaluation.metrics.intervals import Interval, differences
from model.evaluation.training import train

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from model.datasets.data_set import DataSet
    from model.evaluation.evaluate import Protocol
    from model.evaluation.splits import Split

MIN_SLICE_USERS = 20  # metrics of smaller slices are mostly noise
RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
DOCUMENT, ARRAYS = "result.json", "questions.npz"
METRIC, SLICE, USERS = "metric ", "slice ", "people"  # prefixes and names of the arrays on disk


class NotComparableError(ValueError):
    """Two experiments did not answer the same questions under the same protocol."""


class RunNameError(ValueError):
    """A run cannot be saved under the name; the message names the reason."""


class UnknownExperimentError(ValueError):
    """No experiment has that name; the message lists the existing ones."""


@dataclass(frozen=True)
class Experiment:
    """A trained recipe and its evaluation."""

    recipe: str
    data: str
    result: Result
    tuning_seconds: float
    training_seconds: float
    settings: dict[str, float]
    parameters: dict[str, str]


@dataclass(frozen=True)
class Difference:
    """By how much one experiment's metric is larger than another's.

    Attributes
    ----------
    within : str
        "all" or the name of a slice.
    questions, users : int
        How many were compared.
    """

    within: str
    metric: str
    questions: int
    users: int
    interval: Interval

    @property
    def verdict(self) -> str:
        """Whether the interval lies above zero, below zero, or around it; "unknown" for a handful of users."""
        if not self.interval.is_known:
            return "unknown: too few users"
        if self.interval.low > 0:
            return "better"
        return "worse" if self.interval.high < 0 else "no difference shown"


def conduct(
    name: str,
    data: DataSet,
    split: Split,
    parameters: Mapping[str, str],
    cuts: Sequence[int],
    protocol: Protocol,
    *,
    hide_seen: bool,
) -> Experiment:
    """Train a recipe as the engine does, with settings tuned on the training part, and evaluate it (see `train`)."""
    trained = train(name, split.train, data, parameters, repeats=not hide_seen)
    return Experiment(
        name,
        data.name,
        evaluate(trained.recipe, split, cuts, protocol, hide_seen=hide_seen, catalogue=data.items),
        trained.tuning_seconds,
        trained.training_seconds,
        trained.settings,
        dict(parameters),
    )


def new_run(folder: Path, name: str) -> Path:
    """Return the folder of a new run, which `save_experiment` creates.

    Raises
    ------
    RunNameError
        The run exists already, or the name cannot be a folder's.
    """
    if not RUN_NAME.fullmatch(name):
        raise RunNameError(f"a run cannot be named {name!r}; use letters, digits, '.', '-' and '_'")
    if folder.exists() and not folder.is_dir():
        raise RunNameError(f"runs cannot be saved in {folder}, which is a file; name a folder with --folder")
    run = folder / name
    if run.exists():
        raise RunNameError(f"the run {name} exists already in {folder}; choose another name, or remove it")
    return run


def save_experiment(experiment: Experiment, folder: Path) -> Path:
    """Write an experiment into the folder of its run, in a folder named after the recipe, and return that folder."""
    own = folder / experiment.recipe
    own.mkdir(parents=True)
    (own / DOCUMENT).write_text(json.dumps(summary(experiment), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    result = experiment.result
    arrays: dict[str, NDArray[Any]] = {METRIC + name: values for name, values in result.per_question.items()}
    arrays |= {SLICE + name: mask for name, mask in result.slices.items()}
    arrays[USERS] = np.frombuffer(json.dumps(result.users).encode(), np.uint8)
    with (own / ARRAYS).open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # names of arrays, never allow_pickle
    return own


def summary(experiment: Experiment) -> dict[str, Any]:
    """Return an experiment as a JSON document; each metric is {mean, low, high}, overall and by slice.

    Bounds of fewer than `MIN_USERS` users are null.
    """
    result = experiment.result
    return {
        "recipe": experiment.recipe,
        "data": experiment.data,
        "split": result.split,
        "protocol": result.protocol,
        "fingerprint": result.fingerprint,
        "questions": len(result),
        "people": len(set(result.users)),
        "metrics": _plain(result.intervals()),
        "slices": {
            name: {
                "questions": int(mask.sum()),
                "people": result.user_count(mask),
                "metrics": _plain(result.intervals(name)),
            }
            for name, mask in shown_slices(result).items()
        },
        "lists": result.beyond,
        "latency_ms": result.latency_ms,
        "tuning_seconds": experiment.tuning_seconds,
        "training_seconds": experiment.training_seconds,
        "settings": experiment.settings,
        "parameters": experiment.parameters,
    }


def shown_slices(result: Result) -> dict[str, NDArray[np.bool_]]:
    """Return the slices with enough users to be shown: bool arrays of shape (questions,)."""
    return {name: mask for name, mask in result.slices.items() if result.user_count(mask) >= MIN_SLICE_USERS}


def load_experiment(name: str, folder: Path) -> Experiment:
    """Read a saved experiment by its run and recipe, such as "20261121T140000Z/aws-popularity-count"."""
    names = list_experiments(folder)
    if name not in names:
        raise UnknownExperimentError(f"{folder} has no experiment {name}; it has: {', '.join(names) or 'none'}")
    document = json.loads((folder / name / DOCUMENT).read_text(encoding="utf-8"))
    with np.load(folder / name / ARRAYS, allow_pickle=False) as stored:
        result = Result(
            protocol=document["protocol"],
            split=document["split"],
            per_question={name.removeprefix(METRIC): stored[name] for name in stored.files if name.startswith(METRIC)},
            users=json.loads(stored[USERS].tobytes()),
            slices={name.removeprefix(SLICE): stored[name] for name in stored.files if name.startswith(SLICE)},
            beyond=document["lists"],
            latency_ms=document["latency_ms"],
            fingerprint=document["fingerprint"],
        )
    return Experiment(
        document["recipe"],
        document["data"],
        result,
        document["tuning_seconds"],
        document["training_seconds"],
        document["settings"],
        document["parameters"],
    )


def list_experiments(folder: Path) -> list[str]:
    """Return the names of all saved experiments, sorted; runs without a name are named after their start time."""
    return sorted(str(path.parent.relative_to(folder)) for path in folder.glob(f"*/*/{DOCUMENT}"))


def compare(first: Result, second: Result, metrics: Sequence[str]) -> list[Difference]:
    """Return the differences of the first result's metrics from the second's, overall and by slice.

    They are paired by question, so that questions that are hard for both do not widen the interval.
    """
    if first.fingerprint != second.fingerprint:
        raise NotComparableError(
            f"the two did not answer the same questions: {len(first)} of '{first.split}' ({first.protocol} ranking) "
            f"and {len(second)} of '{second.split}' ({second.protocol} ranking)"
        )
    whole = {"all": np.ones(len(first), np.bool_)}
    compared = []
    for name, mask in {**whole, **shown_slices(first)}.items():
        users = [first.users[place] for place in np.flatnonzero(mask).tolist()]
        ours = {metric: first.per_question[metric][mask] for metric in metrics}
        theirs = {metric: second.per_question[metric][mask] for metric in metrics}
        gains = differences(ours, theirs, users)
        compared += [Difference(name, metric, len(users), len(set(users)), gains[metric]) for metric in metrics]
    return compared


def _plain(by_metric: dict[str, Interval]) -> dict[str, dict[str, float | None]]:
    return {
        metric: {name: None if math.isnan(value) else value for name, value in interval._asdict().items()}
        for metric, interval in by_metric.items()
    }
