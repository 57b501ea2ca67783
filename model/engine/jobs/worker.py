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
from typing import Any

from model.datasets.avro_schema import read_schema
from model.datasets.csv_import import check_events, read_rows, to_rows
from model.datasets.dataset_types import ACTION_INTERACTIONS, ACTIONS, INTERACTIONS, ITEMS, OF_EVENTS, USERS
from model.datasets.errors import DatasetError, ImportFailedError
from model.datasets.training_data import TrainingData, catalogue_of, select_interactions
from model.engine.jobs.data_jobs import attribute, erase, export
from model.engine.jobs.files import JOB, OUTCOME, RESULT
from model.engine.personalize import limits
from model.engine.personalize.errors import DamagedLogError, EngineError
from model.engine.s3.source import open_source
from model.engine.storage.disk.durability import sync_directory, sync_files
from model.engine.storage.import_part import ROWS_FILE, write_interactions, write_rows
from model.engine.training.fitting import Plan, fit
from model.engine.training.training_input import read_input
from model.recipes.recipe import UnsuitableDataError
from model.registry.recipes import RECIPES

NICENESS = 5  # serving has priority


def import_data(directory: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Read a data location into a part of a dataset.

    Parameters
    ----------
    directory : Path
        The part is written to `result/` in it.
    job : dict
        location, region, schema, mode, and attribution where metrics are to be measured.

    Returns
    -------
    dict
        rows: how many were read; attribution: what metrics come to.
    """
    schema = read_schema(job["schema"])
    incremental = job["mode"] == "INCREMENTAL"
    most_bytes = limits.INCREMENTAL_IMPORT_BYTES if incremental else limits.FULL_IMPORT_BYTES
    rows = read_rows(schema, open_source(job["location"], job["region"], most_bytes))
    result = directory / RESULT
    if schema.dataset_type in OF_EVENTS:
        columns = write_interactions(result, schema, rows)
        count = int(columns.times.size)
        check_events(schema, columns, incremental=incremental)
    else:
        count = write_rows(result / ROWS_FILE, to_rows(schema, rows).items())
        if schema.dataset_type == ACTIONS and count > limits.ACTIONS:
            raise ImportFailedError(f"there are {count} actions; a dataset may have {limits.ACTIONS}")
    if count == 0:
        raise ImportFailedError(f"the data location {job['location']} holds no records")
    return {"rows": count, "attribution": attribute(directory, job) if job.get("attribution") else []}


def train(directory: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Train a recipe and measure it.

    Parameters
    ----------
    directory : Path
        The model is written to `result/` in it.
    job : dict
        plan, solution, schemas and excluded (columns by dataset type).

    Returns
    -------
    dict
        See `fitting.fit`.
    """
    solution = job["solution"]
    config = solution.get("solutionConfig") or {}
    given = read_input(directory)
    named = RECIPES[job["plan"]["recipes"][0]]
    of_actions = named.recommends_actions
    subjects, events = (ACTIONS, ACTION_INTERACTIONS) if of_actions else (ITEMS, INTERACTIONS)
    catalogue, users = (
        catalogue_of(given.rows[kind], job["schemas"].get(kind), set(job["excluded"].get(kind, ())))
        for kind in (subjects, USERS)
    )
    data = TrainingData(
        # Neither recipes of actions nor those that train on items only need a minimum of interactions.
        select_interactions(
            given.columns[events],
            solution,
            frozenset(job["excluded"].get(events, ())),
            enough=not of_actions and INTERACTIONS in named.datasets,
        ),
        catalogue,
        {**(config.get("algorithmHyperParameters") or {}), **(config.get("featureTransformationParameters") or {})},
        users,
        config,
    )
    model, outcome = fit(Plan(**job["plan"]), data)
    model.save(directory / RESULT)
    return outcome


JOBS = {"import": import_data, "train": train, "export": export, "erase": erase}


def main(directory: Path) -> int:
    """Run the job of a directory; return 0 when the outcome is written, be it a result or a failure."""
    threading.Thread(target=_end_with_engine, daemon=True).start()
    os.nice(NICENESS)
    job = json.loads((directory / JOB).read_bytes())
    (directory / RESULT).mkdir(exist_ok=True)
    try:
        outcome = JOBS[job["kind"]](directory, job)
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
