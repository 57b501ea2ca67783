"""Imports of files in the worker; see `worker` for a job's directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import read_schema
from model.datasets.csv_import import check_events, read_rows, to_rows
from model.datasets.dataset_types import ACTIONS, OF_EVENTS
from model.datasets.errors import ImportFailedError
from model.engine.jobs.data_jobs import attribute
from model.engine.jobs.files import RESULT
from model.engine.personalize import limits
from model.engine.s3.source import open_source
from model.engine.storage.import_part import ROWS_FILE, write_interactions, write_rows

if TYPE_CHECKING:
    from pathlib import Path


def import_data(directory: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Read a data location into a part of a dataset.

    Parameters
    ----------
    directory : Path
        The part is written to `result/` in it.
    job : dict
        location, region, schema, mode, attribution where metrics are to be measured, and for actions kept_actions:
        the ids of those that the dataset has beside the files.

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
        by_id = to_rows(schema, rows)
        actions = len(by_id.keys() | job["kept_actions"]) if schema.dataset_type == ACTIONS else 0
        if actions > limits.ACTIONS:
            raise ImportFailedError(f"there are {actions} actions; a dataset may have {limits.ACTIONS}")
        count = write_rows(result / ROWS_FILE, by_id.items())
    if count == 0:
        raise ImportFailedError(f"the data location {job['location']} holds no records")
    return {"rows": count, "attribution": attribute(directory, job) if job.get("attribution") else []}
