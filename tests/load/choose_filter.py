"""Judges the graph filter on Gowalla, over all people: `python -m tests.load.choose_filter` on the validation split.

`--near` judges settings beside the recipe's own there, too, one of them changed at a time: a minute or more for each.
`--test` judges the recipe's own setting on the test split.
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

NEAR: dict[str, tuple[float, ...]] = {
    "PERSON_POWER": (0.2, 0.4, 0.5),
    "ITEM_POWER": (0.3, 0.5),
    "SHARPENED_FOR": (1.5, 2.5),
    "IDEAL_WEIGHT": (0.07, 0.14, 0.2),
    "MOST_DIRECTIONS": (448,),
}
CUT = 20


def judge(split: Split) -> str:
    """Fit the filter and tell how good it is: metrics, processor seconds of training, peak of memory."""
    start = time.process_time()
    learnt = SharpenedFilter.fit(split.train)
    seconds = time.process_time() - start
    touched = touched_matrix(split.train)

    class Together:
        def scores(self, users):
            return learnt.scores(touched[users])

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = evaluate(Together(), split, cuts=(CUT,))
    metrics = " ".join(f"{name} {result.mean(f'{name}@{CUT}'):.4f}" for name in ("recall", "ndcg"))
    return f"{metrics} at {CUT}, trained in {seconds:.0f} s of processor time, peak {peak:.0f} MiB"


def main() -> None:
    """Judge what the command line asks for."""
    if "--test" in sys.argv:
        print(f"test: {judge(gowalla())}")
        return
    split = gowalla_validation()
    print(f"validation: {judge(split)}", flush=True)
    for name, values in NEAR.items() if "--near" in sys.argv else ():
        own = getattr(sharpened_filter, name)
        for value in values:
            setattr(sharpened_filter, name, value)
            print(f"validation, {name} {value} and not {own}: {judge(split)}", flush=True)
        setattr(sharpened_filter, name, own)


if __name__ == "__main__":
    main()
