"""The worker process of a job, such as an import or a training: `python -m model.engine.jobs.worker DIR`.

It reads `job.json` (and for a training the files of `training_input`) in the directory of its job, and writes its
output to `result/` and the outcome to `outcome.json`. It ends with the engine, which closes its standard input.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.datasets.errors import DatasetError
from model.engine.jobs.files import JOB, OUTCOME, RESULT
from model.engine.personalize.errors import DamagedLogError, EngineError
from model.engine.storage.disk.durability import sync_directory, sync_files
from model.recipes.recipe import UnsuitableDataError

if TYPE_CHECKING:
    from collections.abc import Callable

NICENESS = 5  # serving has priority


def job_of(kind: str) -> Callable[[Path, dict[str, Any]], dict[str, Any]]:
    """Return what runs a kind of job, of which each imports what the others do not need: boto3, or SciPy."""
    if kind == "train":
        from model.engine.jobs.training import train  # noqa: PLC0415

        return train
    if kind == "import":
        from model.engine.jobs.imports import import_data  # noqa: PLC0415

        return import_data
    from model.engine.jobs.data_jobs import erase, export  # noqa: PLC0415

    return {"export": export, "erase": erase}[kind]


def main(directory: Path) -> int:
    """Run the job of a directory; return 0 when the outcome is written, be it a result or a failure."""
    threading.Thread(target=_end_with_engine, daemon=True).start()
    os.nice(NICENESS)
    job = json.loads((directory / JOB).read_bytes())
    (directory / RESULT).mkdir(exist_ok=True)
    try:
        outcome = job_of(job["kind"])(directory, job)
    except (EngineError, DatasetError, UnsuitableDataError, DamagedLogError) as failure:
        outcome = {"failure": str(failure)}
    sync_files(directory / RESULT)
    (directory / OUTCOME).write_text(json.dumps(outcome), encoding="utf-8")
    sync_directory(directory)
    return 0


def _end_with_engine() -> None:
    os.read(0, 1)  # the engine never writes: this returns when it has ended
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
