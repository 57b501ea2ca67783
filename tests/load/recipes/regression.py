"""What the ridge regression takes at most, and what it costs to keep few weights of each item.

`python -m tests.load.recipes.regression ../shared/data` prints both; `--cost in_order` or `--cost as_sets` one row.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import model.engine.configuration.one_thread  # noqa: F401 - before numpy: as recipes train in the engine

# isort: split
import numpy as np

from model.arrays.top_k import NEVER, top_k
from model.recipes.hold_out import HISTORY_LENGTH
from model.recipes.item_regression.score_part import KEPT_PER_ITEM, MAX_ITEMS, REGRESSED_ITEMS, ItemRegressionPart
from model.recipes.personalization.score_parts import FALLBACK
from tests.load.recipes.cost import cpu_seconds, peak_mib
from tests.load.recipes.generated import shop
from tests.load.recipes.processes import measured
from tests.load.recipes.tasks import TASKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model.evaluation.splits import Split

EVENTS, EVENTS_PER_USER = 1_000_000, 25
ANSWERS = 500
KEPT = (50, KEPT_PER_ITEM, 200, MAX_ITEMS)
DEPTH, QUESTIONS = 20, 2_000
PENALTY = FALLBACK["penalty"]


def costs() -> Iterator[dict[str, Any]]:
    """Fit the regression on a catalogue of `MAX_ITEMS` items, each time in a process of its own."""
    for kind in ("in_order", "as_sets"):
        found = measured("tests.load.recipes.regression", "--cost", kind)
        yield {"history": kind, "items": MAX_ITEMS, "regressed": REGRESSED_ITEMS, "events": EVENTS, **found}


def cost(kind: str) -> dict[str, float]:
    """Fit once; return seconds, CPU seconds, peaks before and after, MiB saved, and ms of an answer for 15 items."""
    known, _ = shop(MAX_ITEMS, EVENTS // EVENTS_PER_USER, EVENTS)
    before, start, used = peak_mib(), time.perf_counter(), cpu_seconds()
    part = ItemRegressionPart.fit(known, PENALTY, REGRESSED_ITEMS, in_order=kind == "in_order")
    seconds, cpu = time.perf_counter() - start, cpu_seconds() - used
    history = known.items[:15].tolist()
    start = time.process_time()
    for _ in range(ANSWERS):
        part.values(history, MAX_ITEMS)
    each = (time.process_time() - start) / ANSWERS * 1000
    saved = sum(array.nbytes for array in part.arrays().values()) / 2**20
    figures = {"seconds": seconds, "CPU, s": cpu, "MiB before": before, "peak, MiB": peak_mib(), "saved, MiB": saved}
    return {**{name: round(value, 1) for name, value in figures.items()}, "values, ms": round(each, 3)}


def kept_weights(folder: Path) -> Iterator[dict[str, Any]]:
    """Rank by the regression alone, with some or all positive weights of each item kept."""
    for name in ("movielens", "yoochoose"):
        task = TASKS[name](folder)
        split = task.split.sample(QUESTIONS)
        for in_order in (True, False):
            for kept in KEPT:
                part = ItemRegressionPart.fit(split.train, PENALTY, REGRESSED_ITEMS, in_order=in_order, kept=kept)
                gain = _gain(part, split)
                yield {"data": name, "in order": in_order, "kept": kept, f"ndcg@{DEPTH}": round(gain, 4)}


def _gain(part: ItemRegressionPart, split: Split) -> float:
    place_of = {item: place for place, item in enumerate(split.train.item_ids)}
    gains = []
    for question in split.questions:
        history = [place_of[item] for item in question.history if item in place_of]
        scores = part.values(history[:HISTORY_LENGTH], len(place_of))
        scores[history] = NEVER
        hits = np.isin(top_k(scores, DEPTH), [place_of.get(item, -1) for item in question.wanted])
        gains.append(float((1 / np.log2(2 + np.flatnonzero(hits))).sum()))
    return float(np.mean(gains))


def main() -> None:
    """Print what the command line names."""
    if sys.argv[1] == "--cost":
        print(json.dumps(cost(sys.argv[2])))
        return
    for row in (*costs(), *kept_weights(Path(sys.argv[1]))):
        print(", ".join(f"{column} {value}" for column, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
