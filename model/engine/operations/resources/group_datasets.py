"""The datasets of a dataset group: their schemas and columns, and whether they hold data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import read_schema
from model.datasets.dataset_types import INTERACTIONS
from model.engine.storage.control_plane.kinds import DATASET, IMPORT_JOB, SCHEMA

if TYPE_CHECKING:
    from model.engine.runtime.engine import Engine


def schemas_of(engine: Engine, group_arn: str) -> dict[str, str]:
    """Return the schemas of a dataset group's datasets, as JSON texts, by dataset type."""
    return {
        dataset.document["datasetType"]: engine.resources.find(SCHEMA, dataset.document["schemaArn"]).document["schema"]
        for dataset in engine.resources.of_kind(DATASET, datasetGroupArn=group_arn)
    }


def columns_of(engine: Engine, group_arn: str) -> dict[str, list[str]]:
    """Return the columns of a dataset group's datasets by dataset type."""
    return {
        kind: [column.name for column in read_schema(text).columns]
        for kind, text in schemas_of(engine, group_arn).items()
    }


def interactions_version(engine: Engine, group_arn: str) -> list[Any]:
    """Return a value that changes whenever a dataset group's interactions do; it can be written as JSON."""
    datasets = engine.resources.of_kind(DATASET, datasetGroupArn=group_arn)
    parts = [dataset.internals.parts for dataset in datasets if dataset.document["datasetType"].endswith(INTERACTIONS)]
    group = engine.groups[group_arn]
    return [parts, group.interactions.streamed_count, group.action_interactions.streamed_count]


def has_data(engine: Engine, group_arn: str) -> bool:
    """Return whether a dataset group holds anything imported, or streamed interactions."""
    datasets = engine.resources.of_kind(DATASET, datasetGroupArn=group_arn)
    return any(dataset.internals.parts for dataset in datasets) or any(interactions_version(engine, group_arn)[1:])


def is_importing(engine: Engine, group_arn: str) -> bool:
    """Return whether an import into a dataset group is pending or in progress."""
    arns = {dataset.arn for dataset in engine.resources.of_kind(DATASET, datasetGroupArn=group_arn)}
    jobs = engine.resources.of_kind(IMPORT_JOB)
    return any(not job.settled for job in jobs if job.document["datasetArn"] in arns)
