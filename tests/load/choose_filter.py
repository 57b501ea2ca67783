"""Judges settings of the graph filter on Gowalla's validation split, over all of its people.

`python -m tests.load.choose_filter` prints a row for each setting; the recipe has the one with the highest NDCG.
`python -m tests.load.choose_filter --test` judges the recipe's own setting on the test split.
"""

from __future__ import annotations

import resource
import sys
import time
from typing import TYPE_CHECKING

import model.engine.one_thread  # noqa: F401 - before numpy: as recipes train in the engine
from model.evaluation.evaluate import evaluate
from model.recipes import sharpened_filter
from model.recipes.sharpened_filter import SharpenedFilter, touched_matrix
from tests.factories.gowalla import gowalla, gowalla_validation

if TYPE_CHECKING:
    from model.evaluation.splits import Split

WEIGHTS = (0.15, 0.2, 0.25, 0.3)
TIMES = (2.5, 3.0)
CUT = 20


def judge(split: Split) -> str:
    """Fit the filter and tell how good it is: its metrics, seconds of training and peak of memory so far."""
    start = time.perf_counter()
    learnt = SharpenedFilter.fit(split.train)
    seconds = time.perf_counter() - start
    touched = touched_matrix(split.train)

    class Together:
        def scores(self, users):
            return learnt.scores(touched[users])

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = evaluate(Together(), split, cuts=(CUT,))
    metrics = " ".join(f"{name} {result.mean(f'{name}@{CUT}'):.4f}" for name in ("recall", "ndcg"))
    return f"{metrics} at {CUT}, trained in {seconds:.0f} s, peak {peak:.0f} MiB"


def main() -> None:
    """Judge what the command line asks for."""
    if "--test" in sys.argv:
        print(f"test: {judge(gowalla())}")
        return
    split = gowalla_validation()
    for sharpened_for in TIMES:
        for weight in WEIGHTS:
            sharpened_filter.SHARPENED_FOR, sharpened_filter.IDEAL_WEIGHT = sharpened_for, weight
            print(f"sharpened for {sharpened_for}, ideal weight {weight}: {judge(split)}", flush=True)


if __name__ == "__main__":
    main()
