"""Experiments: recipes trained and judged on one split, kept on disk, and compared with one another later."""

from __future__ import annotations

import json
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

    from model.evaluation.data_sets import DataSet
    from model.evaluation.evaluate import Protocol
    from model.evaluation.splits import Split

LEAST_QUESTIONS = 30  # of a slice that is shown; fewer tell nothing
RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
DOCUMENT, ARRAYS = "result.json", "questions.npz"
METRIC, SLICE, USERS = "metric ", "slice ", "people"  # how the arrays in a file are named


class NotComparableError(ValueError):
    """Two experiments did not answer the same questions under the same protocol."""


class RunNameError(ValueError):
    """A run cannot be kept under the name; the message says why."""


class UnknownExperimentError(ValueError):
    """There is no experiment of that name; the message lists those that there are."""


@dataclass(frozen=True)
class Experiment:
    """A recipe, trained and judged.

    Attributes
    ----------
    recipe, data : str
        Their names.
    settings : dict of float
        That tuning chose.
    parameters : dict of str
        Hyper-parameters that were stated.
    """

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
    """

    within: str
    metric: str
    questions: int
    interval: Interval

    @property
    def verdict(self) -> str:
        """What the interval says: better, worse, or not told apart from the noise."""
        if self.interval.low > 0:
            return "better"
        return "worse" if self.interval.high < 0 else "not told apart"


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
    """Train a recipe as the engine would, with its settings chosen on the training part, and judge it.

    Parameters
    ----------
    name : str
        Of a recipe that answers with items.
    split : Split
        Of the data's interactions.
    parameters : mapping of str to str
        Hyper-parameters, the others have their defaults.
    protocol : str
        "full" or "sampled".
    hide_seen : bool
        See `evaluate`.

    Raises
    ------
    UnknownRecipeError, UnsuitableDataError
        See `train`.
    """
    found = train(name, split.train, data, parameters)
    return Experiment(
        name,
        data.name,
        evaluate(found.recipe, split, cuts, protocol, hide_seen=hide_seen, catalogue=data.items),
        found.tuning_seconds,
        found.training_seconds,
        found.settings,
        dict(parameters),
    )


def new_run(folder: Path, name: str) -> Path:
    """Return the folder of a run, which `keep` makes.

    Parameters
    ----------
    folder : Path
        Where all runs lie.

    Raises
    ------
    RunNameError
        There is one already, or the name is none for a folder.
    """
    if not RUN_NAME.fullmatch(name):
        raise RunNameError(f"a run cannot be named {name!r}; letters, digits, '.', '-' and '_' make a name")
    if folder.exists() and not folder.is_dir():
        raise RunNameError(f"runs cannot be kept in {folder}, which is a file; name a folder with --folder")
    own = folder / name
    if own.exists():
        raise RunNameError(f"there is a run {name} in {folder} already; choose another name, or remove it")
    return own


def keep(experiment: Experiment, folder: Path) -> Path:
    """Write an experiment into a folder of its own, named for the recipe.

    Parameters
    ----------
    folder : Path
        Of the run.

    Returns
    -------
    Path
        The experiment's folder.
    """
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
    """Return what an experiment tells, for JSON.

    Returns
    -------
    dict
        Each metric as {mean, low, high}, on the whole and by slice.
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
            name: {"questions": int(mask.sum()), "metrics": _plain(result.intervals(name))}
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
    """Return the slices that hold enough questions to tell something.

    Returns
    -------
    dict of bool arrays of shape (questions,)
    """
    return {name: mask for name, mask in result.slices.items() if int(mask.sum()) >= LEAST_QUESTIONS}


def recall_experiment(name: str, folder: Path) -> Experiment:
    """Read an experiment that was kept.

    Parameters
    ----------
    name : str
        Run and recipe, such as "20261121T140000Z/aws-popularity-count".
    folder : Path
        Where all runs lie.
    """
    if name not in kept(folder):
        known = ", ".join(kept(folder)) or "none"
        raise UnknownExperimentError(f"there is no experiment {name} in {folder}; there are: {known}")
    document = json.loads((folder / name / DOCUMENT).read_text(encoding="utf-8"))
    with np.load(folder / name / ARRAYS, allow_pickle=False) as stored:
        result = Result(
            protocol=document["protocol"],
            split=document["split"],
            per_question={one.removeprefix(METRIC): stored[one] for one in stored.files if one.startswith(METRIC)},
            users=json.loads(stored[USERS].tobytes()),
            slices={one.removeprefix(SLICE): stored[one] for one in stored.files if one.startswith(SLICE)},
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


def kept(folder: Path) -> list[str]:
    """Return the names of all experiments that were kept, in order; runs without a name go by their start time."""
    return sorted(str(path.parent.relative_to(folder)) for path in folder.glob(f"*/*/{DOCUMENT}"))


def compare(first: Result, second: Result, metrics: Sequence[str]) -> list[Difference]:
    """Return by how much the first result is better than the second, on the whole and by slice.

    Parameters
    ----------
    metrics : sequence of str
        Such as ("ndcg@10",).

    Returns
    -------
    list of Difference
        Paired by question, so that what is hard for both does not widen the interval.
    """
    if first.fingerprint != second.fingerprint:
        raise NotComparableError(
            f"the two did not answer the same questions: {len(first)} of '{first.split}' ({first.protocol} ranking) "
            f"and {len(second)} of '{second.split}' ({second.protocol} ranking)"
        )
    whole = {"all": np.ones(len(first), np.bool_)}
    found = []
    for name, mask in {**whole, **shown_slices(first)}.items():
        users = [first.users[place] for place in np.flatnonzero(mask).tolist()]
        ours = {metric: first.per_question[metric][mask] for metric in metrics}
        theirs = {metric: second.per_question[metric][mask] for metric in metrics}
        gained = differences(ours, theirs, users)
        found += [Difference(name, metric, len(users), gained[metric]) for metric in metrics]
    return found


def _plain(found: dict[str, Interval]) -> dict[str, dict[str, float]]:
    return {name: one._asdict() for name, one in found.items()}
