"""One measurement in a process of its own, so that its peak of memory is its own.

`python -m tests.load.recipes.measured TASK FOLDER NAME PARAMETERS [QUESTIONS]` prints what came out as JSON; as many
questions at most are asked.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import model.engine.configuration.one_thread  # noqa: F401 - before numpy: on one thread, as in the engine

# isort: split
import numpy as np

from model.arrays.top_k import top_k
from model.datasets.training_data import TrainingData
from model.evaluation.evaluate import hits_of, seen_share
from model.evaluation.lists import full_lists
from model.evaluation.metrics.intervals import intervals
from model.evaluation.metrics.ranking import ranking_metrics
from model.recipes.recipe import REPEATS
from model.registry.recipes import RECIPES
from tests.load.recipes.cost import cpu_seconds, peak_mib
from tests.load.recipes.peers import Peer, by_question, interaction_matrix
from tests.load.recipes.tasks import TASKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from model.evaluation.lists import BatchScorer
    from tests.load.recipes.tasks import Task

# Imported when asked for: each library takes memory that the others' rows are not to be charged for.
PEERS = {"implicit": "tests.load.recipes.implicit_models", "cornac": "tests.load.recipes.cornac_models"}
SEEN_DEPTH = 10  # places of a list of which the share of seen items is measured
ALONE = 500  # questions that are put to a peer one by one, for the time that an answer takes


def main() -> None:
    """Measure what the command line names."""
    task, folder, name, parameters, *most = sys.argv[1:]
    given = TASKS[task](Path(folder))
    if most:
        given = replace(given, split=given.split.sample(int(most[0])))
    found = peer(given, name) if name.partition(" ")[0] in PEERS else recipe(given, name, json.loads(parameters))
    print(json.dumps({**found, "cpu_in_all": cpu_seconds()}))


def recipe(task: Task, name: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Measure a recipe with hyper-parameters that differ from their defaults.

    Returns
    -------
    dict
        metrics (name: mean, low, high), seconds and cpu (of tuning and training, by the clock and of the processor,
        s), peak_mib (of the process until then), p50 (of an answer, ms), questions; unfiltered, the metrics where
        items of the history are not filtered out of the lists, and seen, their share of the first ten places.
    """
    named = RECIPES[name]
    stated = {REPEATS: str(not task.hide_seen).lower(), **parameters}
    learnt = named.prepare(TrainingData(task.split.train, task.catalogue, stated))
    fitted, cost = _costing(lambda: named.recommender.fit(learnt, named.recommender.tune(learnt)))
    users = [question.user for question in task.split.questions]
    judged = _judged(task, fitted, users)
    unfiltered = _judged(replace(task, hide_seen=False), fitted, users) if task.hide_seen else judged
    return {**judged, "unfiltered": unfiltered["metrics"], "seen": unfiltered["seen"], **cost}


def peer(task: Task, name: str) -> dict[str, Any]:
    """Measure a model of another library; see `recipe`."""
    models = importlib.import_module(PEERS[name.partition(" ")[0]]).MODELS
    split, rows, users = by_question(task.split)
    matrix = interaction_matrix(task.split.train)
    answer, cost = _costing(lambda: models[name](matrix))
    scorer = Peer(rows, users, matrix.shape[0], answer)
    judged = _judged(replace(task, split=split), scorer, [question.user for question in task.split.questions])
    return {**judged, **_alone(scorer, matrix.shape[0], rows.shape[0]), **cost}


def _costing(train: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Train; return what came of it and what it cost."""
    start, used = time.perf_counter(), cpu_seconds()
    made = train()
    seconds, cpu = time.perf_counter() - start, cpu_seconds() - used
    return made, {"seconds": seconds, "cpu": cpu, "peak_mib": peak_mib()}


def _judged(task: Task, recommender: Any, users: list[str]) -> dict[str, Any]:
    """Compute the metrics only; `evaluate` also computes slices and diversity, and takes longer."""
    depth = max(int(metric.partition("@")[2]) for metric in task.metrics)
    split = task.split
    lists = full_lists(recommender, split, depth, hide_seen=task.hide_seen)
    wanted = np.array([len(question.wanted) for question in split.questions], np.int64)
    found = ranking_metrics(hits_of(lists, split), wanted, [depth])
    means = intervals({metric: found[metric] for metric in task.metrics}, users)
    return {
        "metrics": {metric: [one.mean, one.low, one.high] for metric, one in means.items()},
        "questions": len(users),
        "seen": seen_share(lists, split, SEEN_DEPTH),
        "p50": float(np.quantile(lists.milliseconds, 0.5)),
    }


def _alone(scorer: BatchScorer, first: int, count: int) -> dict[str, float]:
    took = []
    for number in np.linspace(first, first + count - 1, min(ALONE, count)).astype(np.int32).tolist():
        start = time.perf_counter()
        top_k(scorer.scores(np.array([number], np.int32))[0], 20)
        took.append((time.perf_counter() - start) * 1000)
    return {"p50": float(np.quantile(took, 0.5))}


if __name__ == "__main__":
    main()
