"""The Python producer beside rudder-sdk-python and posthog, which deliver like events to the same server on loopback.

The producers run in turns, each in a process of its own, and the figures are those of the median round. Machines and
their load differ, so the ratio alone compares.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "build" / "env" / "peers" / "bin" / "python"
FOLDER = ROOT / "tests" / "load" / "peers"
EVENTS = 50_000
ROUNDS = 3
MEBIBYTE = 1024 * 1024
PRODUCERS = {
    "rivulet": ("rivulet-producer", sys.executable),
    "rudder": ("peer: rudder-sdk-python", str(PEERS)),
    "posthog": ("peer: posthog", str(PEERS)),
}


def run() -> Iterator[dict[str, Any]]:
    """Measure events per second and memory; yield the rows of the table."""
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in PRODUCERS}
    sink = subprocess.Popen([sys.executable, str(FOLDER / "event_sink.py")], stdout=subprocess.PIPE, text=True)
    try:
        assert sink.stdout is not None
        url = f"http://127.0.0.1:{int(sink.stdout.readline())}"
        for _ in range(ROUNDS):
            for name in PRODUCERS:
                figures[name].append(_send(name, url))
    finally:
        sink.kill()
        sink.wait()
    medians = {
        name: {figure: statistics.median(each[figure] for each in rounds) for figure in rounds[0]}
        for name, rounds in figures.items()
    }
    fastest_peer = min(medians[name]["seconds"] for name in PRODUCERS if name != "rivulet")
    for name, (title, _) in PRODUCERS.items():
        median = medians[name]
        yield {
            "producer": title,
            "events/s, delivered": round(EVENTS / median["seconds"]),
            "times the faster peer": round(fastest_peer / median["seconds"], 2),
            "events/s, taken by send": round(EVENTS / median["send_seconds"]),
            "requests": round(median["requests"]),
            "MiB at most": round(median["peak"] / MEBIBYTE),
            "MiB for the events": round((median["peak"] - median["before"]) / MEBIBYTE),
        }


def _send(name: str, url: str) -> dict[str, float]:
    command = [PRODUCERS[name][1], str(FOLDER / "producers.py"), name, url, str(EVENTS)]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip()[-400:]}")
    with urllib.request.urlopen(f"{url}/counts") as answer:
        counts = json.load(answer)
    if counts["events"] != EVENTS:
        raise AssertionError(f"{name} delivered {counts['events']} of {EVENTS} events")
    measured: dict[str, float] = json.loads(done.stdout)
    return measured | {"requests": float(counts["requests"])}
