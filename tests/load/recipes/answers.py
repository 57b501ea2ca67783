"""How long each recipe takes to answer, in process, at 41,000 items: `python -m tests.load.recipes.answers NAME`.

Times are processor time, which excludes other processes; recipes answer on one thread.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import model.engine.configuration.one_thread  # noqa: F401 - before numpy: on one thread, as in the engine

# isort: split
import numpy as np

from model.datasets.training_data import TrainingData
from model.recipes.personalization.cold_start import MAX_DAYS, MAX_INTERACTIONS
from model.recipes.recipe import Query, Recipe
from model.registry.recipes import RECIPES
from tests.bench import FAILED
from tests.factories.training_data import answers as offers
from tests.load.recipes.cost import peak_mib
from tests.load.recipes.generated import shop
from tests.load.recipes.processes import FailedMeasurementError, measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from model.registry.named_recipe import NamedRecipe

ITEMS, USERS, EVENTS = 41_000, 30_000, 800_000
ASKED, SEGMENTS, UNTIMED = 1_000, 300, 100  # the first questions fill what the recipe keeps
HISTORY, WANTED, SEGMENT = 25, 25, 1_000
SEED = 5
# Answers of a network take as long whatever it has learnt; a cold item is one of twenty interactions, however old.
PARAMETERS = {"epochs": "0", MAX_DAYS: "100000", MAX_INTERACTIONS: "20"}


def names() -> list[str]:
    """Return a name of a recipe of each algorithm."""
    first: dict[type, str] = {}
    for name, named in RECIPES.items():
        first.setdefault(named.algorithm, name)
    return list(first.values())


def answers() -> Iterator[dict[str, Any]]:
    """Measure one recipe of each algorithm, trained and called in a process of its own; yield a row for each."""
    for name in names():
        try:
            found = measured("tests.load.recipes.answers", name)
        except FailedMeasurementError as error:
            yield {"answers of": name, FAILED: str(error)}
            continue
        yield {
            "answers of": name,
            "asked for": found["asked"],
            "p50, ms": f"{found['p50']:.2f}",
            "p99, ms": f"{found['p99']:.2f}",
            "of 41,000 items, p50 with a filter": f"{found['filtered']:.2f}" if found["filtered"] else "",
            "process, MiB": round(found["peak_mib"]),
        }


def main() -> None:
    """Train one recipe, ask it, and print what that took as JSON."""
    named = RECIPES[sys.argv[1]]
    model = named.algorithm.fit(_data(named), {})
    asks, filtered = _questions(named, model)
    took = _took(asks)
    print(
        json.dumps(
            {
                "asked": _asked(named),
                "p50": float(np.quantile(took, 0.5)),
                "p99": float(np.quantile(took, 0.99)),
                "filtered": float(np.quantile(_took(filtered), 0.5)) if filtered else 0.0,
                "peak_mib": peak_mib(),
            }
        )
    )


def _data(named: NamedRecipe) -> TrainingData:
    if named.recommends_actions:
        return named.prepare(offers())
    known, catalogue = shop(ITEMS, USERS, EVENTS)
    # A recipe that learns from events of one type learns from the views, or from purchases by that name.
    known = replace(known, event_types=["View", (named.required_events or ("Purchase",))[0]])
    parameters = {name: value for name, value in PARAMETERS.items() if name in named.parameters}
    return named.prepare(TrainingData(known, catalogue, parameters))


def _asked(named: NamedRecipe) -> str:
    if named.makes_segments:
        return f"{SEGMENT:,} of {USERS:,} users"
    if named.recommends_actions:
        return "10 actions"
    return f"{WANTED} of {ITEMS:,} items"


def _questions(named: NamedRecipe, model: Any) -> tuple[list[Callable[[], Any]], list[Callable[[], Any]]]:
    """Return questions, and the same under a filter that keeps half of the items where a filter can be asked for."""
    draw = np.random.default_rng(SEED)
    if named.makes_segments:
        wanted = [f"item-{item}" for item in draw.integers(0, ITEMS, SEGMENTS).tolist()]
        if named.name == "aws-item-attribute-affinity":
            wanted = [f"CATEGORY=row {number % 50}" for number in range(SEGMENTS)]
        return [partial(model.segment, item, SEGMENT) for item in wanted], []
    if named.recommends_actions:
        return [partial(model.recommend, query, 10) for query in _queries(model, draw, 3)], []
    kept = draw.random(len(model.item_ids)) < 0.5
    plain = list(_queries(model, draw, HISTORY))
    chosen = [replace(query, allowed=kept) for query in plain]
    return [partial(model.recommend, query, WANTED) for query in plain], [
        partial(model.recommend, query, WANTED) for query in chosen
    ]


def _queries(model: Recipe, draw: np.random.Generator, most: int) -> Iterator[Query]:
    size = len(model.item_ids)
    for number in range(ASKED):
        places = (draw.zipf(1.3, int(draw.integers(1, most + 1))) + number * 37) % size
        history = [model.item_ids[place] for place in places.tolist()]
        yield Query(history, history[0], f"user-{number % USERS}", exploration=0.3)


def _took(asks: list[Callable[[], Any]]) -> list[float]:
    for ask in asks[:UNTIMED]:
        ask()
    took = []
    for ask in asks:
        start = time.process_time()
        ask()
        took.append((time.process_time() - start) * 1000)
    return took


if __name__ == "__main__":
    main()
