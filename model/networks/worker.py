"""The process that trains with PyTorch: `python -m model.networks.worker FOLDER`, started by `torch_process`.

It ends when its standard input closes, that is, with the process that started it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

import numpy as np

from model.networks.errors import NetworksError
from model.networks.problem import read_problem
from model.networks.torch_process import ARRAYS, PROBLEM, REPORT, REQUEST, train_here


def work(folder: Path) -> None:
    """Run the training that a folder requests, and write its result there."""
    request = json.loads((folder / REQUEST).read_bytes())
    checkpoints = request["checkpoints"]
    try:
        trained = train_here(
            request["network"],
            read_problem(folder / PROBLEM),
            request["parameters"],
            None if checkpoints is None else Path(checkpoints),
            is_shown=request["is_shown"],
        )
    except NetworksError as failure:
        report = {"failure": str(failure)}
    else:
        report = trained.report
        with (folder / ARRAYS).open("wb") as file:
            np.savez(file, **trained.arrays)  # type: ignore[arg-type]  # names of arrays, never allow_pickle
    (folder / REPORT).write_text(json.dumps(report), encoding="utf-8")


def _end_with_parent() -> None:
    os.read(0, 1)  # the parent never writes: this returns when the parent has ended
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    work(Path(sys.argv[1]))
