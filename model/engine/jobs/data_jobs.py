"""Exports, data deletion jobs and metric attribution in the worker; see `worker` for a job's directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import read_schema
from model.datasets.dataset_types import INTERACTIONS
from model.engine.jobs.files import ATTRIBUTED_ITEMS, ERASED, NEW_PARTS, NEW_SEGMENTS, RESULT
from model.engine.personalize import limits
from model.engine.s3.export import read_rows_to_export, write_csv
from model.engine.s3.target import S3Files, read_location
from model.engine.serving.attribution import Metric, Sample, measure, report, source_of
from model.engine.storage.erasure import (
    Erased,
    ErasureFailedError,
    erase_from_log,
    erase_from_parts,
    read_user_ids,
    write_erased,
)
from model.engine.storage.event_log.segments import LogReader
from model.engine.storage.import_part import read_interactions

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTS_ENDING = ".csv"  # other files are ignored (developer guide, "Creating a data deletion job")


def export(directory: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Write a dataset as CSV and copy it to S3; return the number of rows as rows.

    Parameters
    ----------
    directory : Path
        Has `parts/` and `log/`, the data to export.
    job : dict
        schema, mode, target, region, and the names of parts and segments, oldest first.
    """
    schema = read_schema(job["schema"])
    parts = [directory / "parts" / name for name in job["parts"]]
    log = LogReader([directory / "log" / name for name in job["segments"]], growing=True)
    path = directory / "export.csv"
    count = write_csv(schema, read_rows_to_export(schema, job["mode"], parts, log), path)
    S3Files(job["region"]).store(path, read_location(job["target"], "target"))
    return {"rows": count}


def erase(directory: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Rewrite the parts and log segments of a dataset group without some users; see `erasure.Erased` for the result.

    Parameters
    ----------
    directory : Path
        The new files are written to `result/`: parts, segments, and what to erase from memory.
    job : dict
        location, region, parts (paths by dataset type) and segments (paths).
    """
    result = directory / RESULT
    users = read_user_ids(_fetch_lists(directory, job))
    erased = Erased()
    parts = {kind: [Path(path) for path in paths] for kind, paths in job["parts"].items()}
    erase_from_log(users, [Path(segment) for segment in job["segments"]], result / NEW_SEGMENTS, erased)
    erase_from_parts(erased.users, parts, result / NEW_PARTS, erased)
    write_erased(result / ERASED, erased)
    return {"records": erased.records, "parts": erased.parts, "segments": erased.segments}


def attribute(directory: Path, job: dict[str, Any]) -> list[list[Any]]:
    """Measure the imported interactions, and publish a report if the job has a target.

    Parameters
    ----------
    directory : Path
        Has the imported part in `result/` and the numbers of the items.
    job : dict
        region, and attribution: metrics, shown_by (ARNs by recommendation id) and target.

    Returns
    -------
    list of [name of the metric, source, begin of the quarter of an hour, value]
    """
    asked = job["attribution"]
    metrics = [Metric(*metric) for metric in asked["metrics"]]
    items: dict[str, dict[str, Any]] = json.loads((directory / ATTRIBUTED_ITEMS).read_bytes())
    totals = measure(metrics, _samples(directory / RESULT, items, asked["shown_by"]))
    if asked["target"]:
        S3Files(job["region"]).put(report(totals).encode(), read_location(asked["target"], "target"))
    return [[metric.name, source, begin, value] for (metric, source, begin), value in totals.items()]


def _samples(part: Path, items: dict[str, dict[str, Any]], shown_by: dict[str, str]) -> Iterator[Sample]:
    for row in read_interactions(part, INTERACTIONS):
        source = source_of(row.get("EVENT_ATTRIBUTION_SOURCE"), shown_by.get(row.get("RECOMMENDATION_ID") or ""))
        yield Sample(row["EVENT_TYPE"] or "", source, row["TIMESTAMP"], row, items.get(row["ITEM_ID"], {}))


def _fetch_lists(directory: Path, job: dict[str, Any]) -> Iterator[tuple[str, Iterator[str]]]:
    s3, location = S3Files(job["region"]), read_location(job["location"], "dataLocation")
    files = s3.find(location)
    if files[0].location != location:
        files = [file for file in files if file.location.key.endswith(LISTS_ENDING)]
    if not files:
        raise ErasureFailedError(f"the data location {location} holds no {LISTS_ENDING} files")
    size = sum(file.size_bytes for file in files)
    if size > limits.DATA_DELETION_BYTES:
        raise ErasureFailedError(f"the lists of users have {size} bytes; they may have {limits.DATA_DELETION_BYTES}")
    path = directory / "list.csv"
    for file in files:
        s3.fetch(file.location, path)
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield file.location.key, lines
