"""Judges the graph filter on Gowalla, over all users.

`python -m tests.load.gowalla.choose_filter` does so on the validation split.
Its own setting is judged, and the one that BSPM's authors published beside their code; with `--near`, also settings
beside its own, one of them changed at a time, a minute or more for each. `--test` judges on the test split.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import model.engine.configuration.one_thread  # noqa: F401 - before numpy: as recipes train in the engine
from model.evaluation.evaluate import evaluate
from model.recipes.graph_filter.settings import BSPM, FilterSettings
from model.recipes.graph_filter.sharpened_filter import SharpenedFilter, interaction_matrix
from tests.factories.data_sets.gowalla import gowalla, gowalla_validation

if TYPE_CHECKING:
    from model.evaluation.splits import Split

NEAR: dict[str, tuple[Any, ...]] = {
    "person_power": (0.2, 0.4, 0.5),
    "item_power": (0.3, 0.5),
    "sharpened_for": (1.5, 2.5),
    "ideal_weight": (0.07, 0.14, 0.2),
    "directions": (448,),
}
CUT = 20
CHOSEN = FilterSettings()


def judge(split: Split, settings: FilterSettings = CHOSEN) -> str:
    """Fit the filter and return its metrics, the processor seconds of training, and the peak memory."""
    start = time.process_time()
    learnt = SharpenedFilter.fit(split.train, settings)
    seconds = time.process_time() - start
    interactions = interaction_matrix(split.train)

    class Together:
        def scores(self, users):
            return learnt.scores(interactions[users])

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = evaluate(Together(), split, cuts=(CUT,))
    metrics = " ".join(f"{name} {result.mean(f'{name}@{CUT}'):.4f}" for name in ("recall", "ndcg"))
    return f"{metrics} at {CUT}, trained in {seconds:.0f} s of processor time, peak {peak:.0f} MiB"


def main() -> None:
    """Judge what the command line asks for."""
    name, split = ("test", gowalla()) if "--test" in sys.argv else ("validation", gowalla_validation())
    print(f"{name}: {judge(split)}", flush=True)
    print(f"{name}, as BSPM's authors set it: {judge(split, BSPM)}", flush=True)
    for setting, values in NEAR.items() if "--near" in sys.argv else ():
        for value in values:
            found = judge(split, replace(CHOSEN, **{setting: value}))
            print(f"{name}, {setting} {value} and not {getattr(CHOSEN, setting)}: {found}", flush=True)


if __name__ == "__main__":
    main()
