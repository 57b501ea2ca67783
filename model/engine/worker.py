"""The process that imports and trains, so that serving never waits for either: `python -m model.engine.worker DIR`.

It reads `job.json` (and, to train, `columns.npz` and `rows.json`) in the directory of its job, writes what it made
there and says the outcome in `outcome.json`. It ends when its standard input does, that is, with the engine.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from model.engine import limits
from model.engine.avro_schema import read_schema
from model.engine.columns import read_columns, write_columns
from model.engine.csv_import import ImportFailedError, read_rows, to_columns, to_rows
from model.engine.dataset_group import COLUMNS_FILE, INTERACTIONS, ROWS_FILE
from model.engine.s3_source import open_source
from model.engine.solution_metrics import evaluate
from model.engine.state_directory import sync_directory, sync_files
from model.engine.training_data import TrainingFailedError, catalogue_of, select
from model.recipes.names import RECIPES
from model.recipes.recipe import TrainingData, UnsuitableDataError

NICENESS = 5  # serving goes first
JOB_FILE, OUTCOME_FILE, RESULT = "job.json", "outcome.json", "result"


def import_data(directory: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Read a data location into a part of a dataset.

    Parameters
    ----------
    directory : Path
        The part is written to `result/` in it.
    job : dict
        location, region, schema, mode.

    Returns
    -------
    dict
        rows: how many were read.

    Raises
    ------
    ImportFailedError
    """
    schema = read_schema(job["schema"])
    rows = read_rows(schema, open_source(job["location"], job["region"]))
    result = directory / RESULT
    if schema.dataset_type == INTERACTIONS:
        columns = to_columns(rows)
        count = int(columns.times.size)
        if job["mode"] == "INCREMENTAL" and count < limits.MIN_INCREMENTAL_INTERACTIONS:
            raise ImportFailedError(
                f"an incremental import of interactions needs {limits.MIN_INCREMENTAL_INTERACTIONS} rows, not {count}"
            )
        write_columns(result / COLUMNS_FILE, columns)
    else:
        by_id = to_rows(schema, rows)
        count = len(by_id)
        (result / ROWS_FILE).write_text(json.dumps(by_id), encoding="utf-8")
    if count == 0:
        raise ImportFailedError(f"the data location {job['location']} holds no records")
    return {"rows": count}


def train(directory: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Train a recipe and measure it.

    Parameters
    ----------
    directory : Path
        The model is written to `result/` in it.
    job : dict
        recipe, solution, items_schema.

    Returns
    -------
    dict
        metrics, and how much was trained on.

    Raises
    ------
    TrainingFailedError
    UnsuitableDataError
    """
    solution = job["solution"]
    config = solution.get("solutionConfig") or {}
    excluded = ((config.get("trainingDataConfig") or {}).get("excludedDatasetColumns") or {}).get("ITEMS", [])
    rows = json.loads((directory / ROWS_FILE).read_bytes())
    data = TrainingData(
        select(read_columns(directory / COLUMNS_FILE), solution),
        catalogue_of(rows, job["items_schema"], set(excluded)),
        {**(config.get("algorithmHyperParameters") or {}), **(config.get("featureTransformationParameters") or {})},
    )
    named = RECIPES[job["recipe"]]
    data = named.prepare(data)
    metrics, tuned = evaluate(named, data)
    named.algorithm.fit(data, tuned).save(directory / RESULT)
    return {"metrics": metrics, "interactions": len(data.interactions), "items": len(data.interactions.item_ids)}


def main(directory: Path) -> int:
    """Do the job of a directory.

    Parameters
    ----------
    directory : Path

    Returns
    -------
    int
        0 when the outcome is written, whether good or bad.
    """
    threading.Thread(target=_end_with_engine, daemon=True).start()
    os.nice(NICENESS)
    job = json.loads((directory / JOB_FILE).read_bytes())
    (directory / RESULT).mkdir(exist_ok=True)
    try:
        outcome = (import_data if job["kind"] == "import" else train)(directory, job)
    except (ImportFailedError, TrainingFailedError, UnsuitableDataError) as failure:
        outcome = {"failure": str(failure)}
    sync_files(directory / RESULT)
    (directory / OUTCOME_FILE).write_text(json.dumps(outcome), encoding="utf-8")
    sync_directory(directory)
    return 0


def _end_with_engine() -> None:
    os.read(0, 1)  # the engine never writes: this returns when it is gone
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
