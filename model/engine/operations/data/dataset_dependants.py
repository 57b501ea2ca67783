"""What depends on a dataset, so that the dataset cannot be deleted (developer guide, "Deleting a dataset")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.datasets.dataset_types import INTERACTIONS
from model.engine.operations.resources.rules import check_not_in_use
from model.engine.serving.attribution import read_metric
from model.engine.storage.control_plane.kinds import (
    BATCH_JOB_KINDS,
    CAMPAIGN,
    DATA_DELETION_JOB,
    EVENT_TRACKER,
    EXPORT_JOB,
    FILTER,
    IMPORT_JOB,
    METRIC_ATTRIBUTION,
    SOLUTION_VERSION,
    TRAINED_KINDS,
    DatasetInternals,
    ImportJobInternals,
    MetricAttributionInternals,
)
from model.engine.storage.control_plane.resources import ACTIVE, IN_PROGRESS, PENDING, Resource

if TYPE_CHECKING:
    from model.engine.runtime.engine import Engine


def check_no_dependants(engine: Engine, dataset: Resource[DatasetInternals]) -> None:
    """Check that no job uses a dataset, and that what must be deleted before it is gone.

    Raises
    ------
    ResourceInUseError
        It names one resource that depends on the dataset.
    """
    group_arn, dataset_type = dataset.document["datasetGroupArn"], dataset.document["datasetType"]

    def of_group(*kinds: Any) -> list[Resource[Any]]:
        return [found for kind in kinds for found in engine.resources.of_kind(kind, datasetGroupArn=group_arn)]

    busy = running_imports(engine, dataset) + _unsettled(of_group(*TRAINED_KINDS))
    check_not_in_use("the dataset is being imported or trained on", busy)
    exports = list(engine.resources.of_kind(EXPORT_JOB, datasetArn=dataset.arn))
    check_not_in_use("the dataset is being exported", _unsettled(exports))
    check_not_in_use("users are being deleted", _unsettled(of_group(DATA_DELETION_JOB)))
    jobs = [
        job
        for kind in BATCH_JOB_KINDS
        for job in _unsettled(list(engine.resources.of_kind(kind)))
        if engine.resources.find(SOLUTION_VERSION, job.document["solutionVersionArn"]).document["datasetGroupArn"]
        == group_arn
    ]
    check_not_in_use("a batch job of the dataset group is in progress", jobs)
    serving = [campaign for campaign in of_group(CAMPAIGN) if campaign.status in {PENDING, IN_PROGRESS, ACTIVE}]
    check_not_in_use("the dataset group has a campaign", serving)
    check_not_in_use("the dataset group has a filter", of_group(FILTER))
    measuring = [found for found in of_group(METRIC_ATTRIBUTION) if dataset_type in _measured_types(found)]
    check_not_in_use("a metric attribution refers to the dataset", measuring)
    if dataset_type == INTERACTIONS:
        check_not_in_use("the dataset group has an event tracker", of_group(EVENT_TRACKER))


def running_imports(engine: Engine, dataset: Resource[DatasetInternals]) -> list[Resource[ImportJobInternals]]:
    """Return the imports into a dataset that are pending or in progress."""
    return _unsettled(list(engine.resources.of_kind(IMPORT_JOB, datasetArn=dataset.arn)))


def _measured_types(attribution: Resource[MetricAttributionInternals]) -> set[str | None]:
    """Return the types of the datasets that a metric attribution refers to: always the interactions."""
    return {INTERACTIONS, *(read_metric(metric).dataset_type for metric in attribution.internals.metrics)}


def _unsettled(resources: list[Resource[Any]]) -> list[Resource[Any]]:
    return [resource for resource in resources if not resource.settled]
