"""One measurement in a process of its own, so that its peak of memory is its own.

`python -m tests.load.recipes.measured TASK FOLDER NAME PARAMETERS` prints what came out as JSON.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import model.engine.one_thread  # noqa: F401 - before numpy: as recipes train and answer in the engine
from model.evaluation.evaluate import hits_of
from model.evaluation.intervals import intervals
from model.evaluation.lists import full_lists
from model.evaluation.metrics import ranking_metrics
from model.recipes.names import RECIPES
from model.recipes.recipe import TrainingData, best
from tests.load.recipes.memory import peak_mib
from tests.load.recipes.peers import Peer, by_question, touched
from tests.load.recipes.tasks import TASKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.evaluation.lists import BatchScorer
    from tests.load.recipes.tasks import Task

# Imported when asked for: each library takes memory that the others' rows are not to be charged for.
PEERS = {"implicit": "tests.load.recipes.implicit_models", "cornac": "tests.load.recipes.cornac_models"}
ALONE = 500  # questions that are put to a peer one by one, for the time that an answer takes


def main() -> None:
    """Measure what the command line names."""
    task, folder, name, parameters = sys.argv[1:]
    given = TASKS[task](Path(folder))
    found = peer(given, name) if name.partition(" ")[0] in PEERS else recipe(given, name, json.loads(parameters))
    print(json.dumps(found))


def recipe(task: Task, name: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Measure a recipe.

    Parameters
    ----------
    task : Task
    name : str
    parameters : mapping of str to str
        Hyper-parameters that are not to have their defaults.

    Returns
    -------
    dict
        metrics (name: mean, low, high), seconds (of tuning and training), p50 (ms of an answer), peak_mib.
    """
    named = RECIPES[name]
    learnt = named.prepare(TrainingData(task.split.train, task.catalogue, parameters))
    start = time.perf_counter()
    fitted = named.answers.fit(learnt, named.answers.tune(learnt))
    seconds = time.perf_counter() - start
    peak = peak_mib()
    return {**_judged(task, fitted), "seconds": seconds, "peak_mib": peak}


def peer(task: Task, name: str) -> dict[str, Any]:
    """Measure a model of another library; see `recipe`."""
    models = importlib.import_module(PEERS[name.partition(" ")[0]]).MODELS
    split, rows, people = by_question(task.split)
    matrix = touched(task.split.train)
    start = time.perf_counter()
    scorer = Peer(rows, people, matrix.shape[0], models[name](matrix))
    seconds = time.perf_counter() - start
    peak = peak_mib()
    judged = _judged(type(task)(split, task.metrics, task.hide_seen), scorer)
    return {**judged, **_alone(scorer, matrix.shape[0], rows.shape[0]), "seconds": seconds, "peak_mib": peak}


def _judged(task: Task, recommender: Any) -> dict[str, Any]:
    """Ask, and count what was found; not `evaluate`, which tells of slices and diversity as well and takes longer."""
    depth = max(int(metric.partition("@")[2]) for metric in task.metrics)
    split = task.split
    lists = full_lists(recommender, split, depth, hide_seen=task.hide_seen)
    wanted = np.array([len(one.wanted) for one in split.questions], np.int64)
    found = ranking_metrics(hits_of(lists, split), wanted, [depth])
    people = [one.person for one in split.questions]
    means = intervals({metric: found[metric] for metric in task.metrics}, people)
    return {
        "metrics": {metric: [one.mean, one.low, one.high] for metric, one in means.items()},
        "questions": len(people),
        "p50": float(np.quantile(lists.milliseconds, 0.5)),
    }


def _alone(scorer: BatchScorer, first: int, count: int) -> dict[str, float]:
    took = []
    for number in np.linspace(first, first + count - 1, min(ALONE, count)).astype(np.int32).tolist():
        start = time.perf_counter()
        best(scorer.scores(np.array([number], np.int32))[0], 20)
        took.append((time.perf_counter() - start) * 1000)
    return {"p50": float(np.quantile(took, 0.5))}


if __name__ == "__main__":
    main()
