"""How training time and memory grow with the events: `python -m tests.load.recipes.growth NAME EVENTS` for one row."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import model.engine.configuration.one_thread  # noqa: F401 - before numpy: as recipes train in the engine
from model.datasets.training_data import TrainingData
from model.registry.recipes import RECIPES
from tests.bench import FAILED
from tests.load.recipes.cost import cpu_seconds, peak_mib
from tests.load.recipes.generated import shop
from tests.load.recipes.processes import FailedMeasurementError, measured

if TYPE_CHECKING:
    from collections.abc import Iterator

ITEMS, EVENTS_PER_USER = 41_000, 25
SIZES = (100_000, 1_000_000, 5_000_000)
NAMES = (
    "aws-user-personalization-v2",
    "rivulet-graph-filter",
    "aws-similar-items",
    "aws-popularity-count",
    "aws-trending-now",
)


def growth() -> Iterator[dict[str, Any]]:
    """Train each recipe on ever more events, each time in a process of its own; yield a row for each recipe and size.

    `time / events` is the growth of the time since the row before, divided by that of the events: 1 is linear.
    """
    for name in NAMES:
        before: tuple[int, float] | None = None
        for events in SIZES:
            try:
                found = measured("tests.load.recipes.growth", name, str(events))
            except FailedMeasurementError as error:
                before = None
                yield {"training of": name, "events": events, FAILED: str(error)}
                continue
            cpu = found["cpu"]
            yield {
                "training of": name,
                "events": events,
                "CPU, s": round(cpu, 2),
                "CPU s per million": round(cpu / events * 1e6, 2),
                "time / events": f"{cpu / before[1] / (events / before[0]):.2f}" if before else "",
                "by the clock, s": round(found["seconds"], 1),
                "peak, MiB": round(found["peak_mib"]),
                "of it the events": round(found["data_mib"]),
            }
            before = (events, cpu)


def main() -> None:
    """Train once and print what it took as JSON."""
    name, events = sys.argv[1], int(sys.argv[2])
    drawn = shop(ITEMS, events // EVENTS_PER_USER, events)
    data = RECIPES[name].prepare(TrainingData(*drawn))
    data_mib = peak_mib()
    start, used = time.perf_counter(), cpu_seconds()
    RECIPES[name].recommender.fit(data, RECIPES[name].recommender.tune(data))
    seconds, cpu = time.perf_counter() - start, cpu_seconds() - used
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mib": peak_mib(), "data_mib": data_mib}))


if __name__ == "__main__":
    main()
