"""Metric attribution of imported interactions: measured by the worker, and reported to S3 on request."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from model.datasets.dataset_types import INTERACTIONS, ITEMS
from model.engine.jobs.files import ATTRIBUTED_ITEMS
from model.engine.operations.serving.metric_attributions import active, attribution_of
from model.engine.personalize.errors import InvalidInputError
from model.engine.s3.target import read_location

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model.engine.runtime.engine import Engine
    from model.engine.storage.control_plane.kinds import DatasetInternals
    from model.engine.storage.control_plane.resources import Resource

INCREMENTAL = "INCREMENTAL"  # imports whose figures Amazon sends to CloudWatch as well


def check_report(engine: Engine, dataset: Resource[DatasetInternals]) -> None:
    """Check that the metrics of an import can be published."""
    if dataset.document["datasetType"] != INTERACTIONS:
        raise InvalidInputError("publishAttributionMetricsToS3 is for imports of interactions: leave it out")
    attribution = active(engine, dataset.document["datasetGroupArn"])
    if attribution is None:
        raise InvalidInputError("publishAttributionMetricsToS3 needs an active metric attribution")
    if not attribution.document["metricsOutputConfig"].get("s3DataDestination"):
        raise InvalidInputError("publishAttributionMetricsToS3 needs a metric attribution with an s3DataDestination")


def prepare_attribution(
    engine: Engine, dataset: Resource[DatasetInternals], task: dict[str, Any], *, publish: bool
) -> Callable[[Path], None]:
    """Add the metrics to measure to an import's task, and return a function that writes the worker's input files."""
    group_arn = dataset.document["datasetGroupArn"]
    measured = attribution_of(engine, group_arn) if dataset.document["datasetType"] == INTERACTIONS else None
    if measured is None or not (publish or task["mode"] == INCREMENTAL):
        return lambda _: None
    task["attribution"] = {
        "metrics": [
            [metric.name, metric.event_type, metric.dataset_type, metric.column] for metric in measured.metrics
        ],
        "shown_by": engine.served_lists.arns(group_arn),
        "target": _target(engine, group_arn, task["mode"]) if publish else None,
    }
    columns = {metric.column for metric in measured.metrics if metric.dataset_type == ITEMS and metric.column}
    rows = engine.groups[group_arn].rows[ITEMS].all() if columns else {}

    def write(directory: Path) -> None:
        numbers = {row_id: {name: row.get(name) for name in columns} for row_id, row in rows.items()}
        (directory / ATTRIBUTED_ITEMS).write_text(json.dumps(numbers), encoding="utf-8")

    return write


def add_attribution(
    engine: Engine, dataset: Resource[DatasetInternals], task: dict[str, Any], outcome: dict[str, Any]
) -> None:
    """Add the totals of an incremental import to the metrics."""
    measured = engine.attributions.get(dataset.document["datasetGroupArn"])
    if measured is None or task["mode"] != INCREMENTAL:
        return
    by_name = {metric.name: metric for metric in measured.metrics}
    totals = {
        (by_name[name], source, begin): value
        for name, source, begin, value in outcome["attribution"]
        if name in by_name
    }
    measured.add_totals(totals, time.time())


def _target(engine: Engine, group_arn: str, mode: str) -> str | None:
    """Return the location of a report (developer guide, "Publishing metric attribution reports to Amazon S3")."""
    attribution = active(engine, group_arn)
    destination = attribution.document["metricsOutputConfig"].get("s3DataDestination") if attribution else None
    if not destination:
        return None
    folder = read_location(destination["path"], "metricsOutputConfig.s3DataDestination.path")
    return str(folder.join(f"AggregatedAttributionMetrics - {mode} - {int(time.time())}.csv"))
