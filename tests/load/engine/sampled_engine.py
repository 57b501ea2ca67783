"""The engine with a sampler of its processor time: `python -m tests.load.engine.sampled_engine FILE [option …]`.

With each SIGUSR1 it writes the samples since the last one into FILE, as JSON: their number by layer.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from model.engine.__main__ import main

if TYPE_CHECKING:
    from types import FrameType

SAMPLE_SECONDS = 0.001  # of processor time; the kernel may make it longer
# By the module of the innermost frame that belongs to one of them; numpy's work belongs to its caller.
LAYERS = {
    "recipes": ("model.recipes", "model.arrays"),
    "event log, histories": ("model.engine.storage",),
    "operations": ("model.engine.operations", "model.engine.serving", "model.datasets"),
    "HTTP": ("model.engine.http", "model.engine.access", "model.engine.monitoring", "uvicorn", "botocore"),
}
REST = "event loop, kernel"


def layer_of(frame: FrameType | None) -> str:
    """Return the layer that a frame works for."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        for layer, prefixes in LAYERS.items():
            if module.startswith(prefixes):
                return layer
        frame = frame.f_back
    return REST


def _sample(path: Path) -> None:
    counts: Counter[str] = Counter()

    def count(_: int, frame: FrameType | None) -> None:
        counts[layer_of(frame)] += 1

    def write(_: int, __: FrameType | None) -> None:
        path.with_suffix(".new").write_text(json.dumps(counts), encoding="utf-8")
        path.with_suffix(".new").replace(path)
        counts.clear()

    signal.signal(signal.SIGPROF, count)
    signal.signal(signal.SIGUSR1, write)
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)


if __name__ == "__main__":
    _sample(Path(sys.argv.pop(1)))
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
