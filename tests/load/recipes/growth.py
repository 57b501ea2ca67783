"""How training time and memory grow with the events: `python -m tests.load.recipes.growth NAME EVENTS` for one row."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import model.engine.one_thread  # noqa: F401 - before numpy: as recipes train in the engine
from model.recipes.names import RECIPES
from model.recipes.recipe import TrainingData
from tests.load.recipes.generated import shop
from tests.load.recipes.memory import peak_mib
from tests.load.running_engine import ROOT

ITEMS, EVENTS_PER_PERSON = 41_000, 25
SIZES = (100_000, 1_000_000, 5_000_000)
NAMES = ("aws-user-personalization-v2", "aws-similar-items", "aws-popularity-count", "aws-trending-now")


def growth() -> list[dict[str, Any]]:
    """Train each recipe on ever more events, each time in a process of its own.

    Returns
    -------
    list of dict
        One row per recipe and size; `time / events` says how many times faster than the events the time has grown
        since the row before, 1 being linear.
    """
    rows: list[dict[str, Any]] = []
    for name in NAMES:
        before: dict[str, float] = {}
        for events in SIZES:
            found = _measured(name, events)
            grown = {key: found[key] / before[key] for key in before}
            rows.append(
                {
                    "recipe": name,
                    "events": events,
                    "training, s": round(found["seconds"], 2),
                    "seconds per million": found["seconds"] / events * 1e6,
                    "time / events": f"{grown['seconds'] / grown['events']:.2f}" if grown else "",
                    "peak, MiB": round(found["peak_mib"]),
                    "of it the events": round(found["data_mib"]),
                }
            )
            print(f"growth, {name}: {events:,} events in {found['seconds']:.1f} s, {found['peak_mib']:,.0f} MiB")
            before = {"events": float(events), "seconds": found["seconds"]}
    return rows


def _measured(name: str, events: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.load.recipes.growth", name, str(events)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{name} on {events:,} events: {ended.stderr.strip()[-2000:]}")
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Train once and print what it took as JSON."""
    name, events = sys.argv[1], int(sys.argv[2])
    drawn = shop(ITEMS, events // EVENTS_PER_PERSON, events)
    data = RECIPES[name].prepare(TrainingData(*drawn))
    data_mib = peak_mib()
    start = time.perf_counter()
    RECIPES[name].answers.fit(data, RECIPES[name].answers.tune(data))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib(), "data_mib": data_mib}))


if __name__ == "__main__":
    main()
