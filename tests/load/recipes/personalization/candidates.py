"""What scoring candidates first saves in the default recipe, and what it changes.

`make bench ONLY=recipes:candidates` measures all data sets.

Each data set is asked the same questions twice: as the engine answers them, and with the whole catalogue scored. Times
are processor time in short alternating bursts, the lower quartile of them, which other load changes least.
`python -m tests.load.recipes.personalization.candidates NAME` measures one of them.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import model.engine.configuration.one_thread  # noqa: F401 - before numpy: on one thread, as in the engine

# isort: split
import numpy as np

from model.datasets.training_data import TrainingData
from model.evaluation.evaluate import hits_of
from model.evaluation.lists import Lists, full_lists
from model.evaluation.metrics.intervals import differences
from model.evaluation.metrics.ranking import ranking_metrics
from model.evaluation.splits import next_events
from model.recipes.personalization import candidates
from model.recipes.recipe import Query
from model.registry.recipes import RECIPES
from tests.bench import FAILED
from tests.factories.data_sets.shared_data import FOLDER
from tests.load.recipes.generated import shop
from tests.load.recipes.processes import FailedMeasurementError, measured
from tests.load.recipes.tasks import TASKS, Task, unusable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from model.recipes.recipe import Recipe

DEFAULT = "aws-user-personalization-v2"
ITEMS, USERS, EVENTS = 41_000, 30_000, 800_000
ASKED = 1_500  # questions of each data set, sampled
LENGTH, DEPTH = 10, 25
BURSTS, PER_BURST = 30, 25
NAMES = ("shop", *TASKS)


def compare() -> Iterator[dict[str, Any]]:
    """Yield a row for each data set, measured in a process of its own."""
    for name in NAMES:
        missing = None if name == "shop" else unusable(name, FOLDER)
        if missing:
            yield {"candidates on": name, FAILED: missing}
            continue
        try:
            found = measured("tests.load.recipes.personalization.candidates", name)
        except FailedMeasurementError as error:
            yield {"candidates on": name, FAILED: str(error)}
            continue
        yield {"candidates on": name, **found}


def main() -> None:
    """Measure one data set and print the row as JSON."""
    name = sys.argv[1]
    task = _shop() if name == "shop" else TASKS[name](FOLDER)
    split = task.split.sample(ASKED)
    named = RECIPES[DEFAULT]
    data = named.prepare(TrainingData(split.train, task.catalogue))
    recipe = named.recommender.fit(data, named.recommender.tune(data))
    least = candidates.MIN_ITEMS
    lists: list[Lists] = []
    metrics: list[dict[str, Any]] = []
    for min_items in (least, len(recipe.item_ids) + 1):
        candidates.MIN_ITEMS = min_items
        lists.append(full_lists(recipe, split, DEPTH, hide_seen=task.hide_seen))
        wanted = np.array([len(question.wanted) for question in split.questions], np.int64)
        metrics.append(ranking_metrics(hits_of(lists[-1], split), wanted, [LENGTH, DEPTH - 5]))
    users = [question.user for question in split.questions]
    paired = differences(metrics[0], metrics[1], users)
    histories = [question.history for question in split.questions]
    took = _took(recipe, histories, (least, len(recipe.item_ids) + 1))
    ratios = _score_ratios(recipe, histories, (least, len(recipe.item_ids) + 1))
    low, high = np.quantile(ratios, [0.001, 0.999])
    row: dict[str, Any] = {
        "items": len(recipe.item_ids),
        "CPU, ms": f"{took[0]:.3f}",
        "whole catalogue, ms": f"{took[1]:.3f}",
        "equal lists of 10": f"{_equal(lists, LENGTH):.4f}",
        "equal lists of 25": f"{_equal(lists, DEPTH):.4f}",
        "scores by those with all items summed": f"{low:.3f} to {high:.3f} for 99.8 %, {ratios.max():.3f} at most",
    }
    for metric in (f"ndcg@{LENGTH}", f"recall@{DEPTH - 5}"):
        change = paired[metric]
        row[metric] = f"{np.nanmean(metrics[0][metric]):.4f}"
        row[f"{metric}, change"] = f"{change.mean:+.5f} ({change.low:+.5f} to {change.high:+.5f})"
    print(json.dumps(row))


def _shop() -> Task:
    known, catalogue = shop(ITEMS, USERS, EVENTS)
    return Task(next_events(known), ("recall@20", "ndcg@10"), hide_seen=True, catalogue=catalogue)


def _equal(lists: Sequence[Lists], length: int) -> float:
    first, second = (each.places[:, :length] for each in lists)
    return float((first == second).all(axis=1).mean())


def _took(recipe: Recipe, histories: Sequence[Sequence[str]], min_items: Sequence[int]) -> list[float]:
    """Return the processor time of an answer, in milliseconds, for each smallest catalogue that has candidates."""
    queries = [Query(history=list(history[:100]), user=str(n), exploration=0.3) for n, history in enumerate(histories)]
    took: list[list[float]] = [[] for _ in min_items]
    for burst in range(BURSTS):
        begin = burst * PER_BURST % max(1, len(queries) - PER_BURST)
        for times, candidates.MIN_ITEMS in zip(took, min_items, strict=True):
            start = time.process_time()
            for query in queries[begin : begin + PER_BURST]:
                recipe.recommend(query, DEPTH)
            times.append((time.process_time() - start) / PER_BURST * 1000)
    return [float(np.quantile(times, 0.25)) for times in took]


def _score_ratios(recipe: Recipe, histories: Sequence[Sequence[str]], min_items: Sequence[int]) -> NDArray[np.float64]:
    """Return how many times too large the scores of the first items are: their sums have a part that is estimated."""
    scores: list[list[tuple[str, float]]] = []
    for candidates.MIN_ITEMS in min_items:
        firsts = [recipe.recommend(Query(history=list(history[:100])), 1)[0] for history in histories]
        scores.append([(first.item_id, first.score or 0.0) for first in firsts])
    return np.array([mine / true for (item, mine), (same, true) in zip(*scores, strict=True) if item == same])


if __name__ == "__main__":
    main()
