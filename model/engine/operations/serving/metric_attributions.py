"""Metric attributions: measure the effect of recommendations, for `/metrics` and, for imports, reports in S3.

Amazon sends the metrics of streamed events and incremental imports to CloudWatch, which the engine does not have;
here Prometheus reads them. Reports of imports are written to S3 as Amazon's are.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import Schema, read_schema
from model.engine.operations.resources.group_datasets import schemas_of
from model.engine.operations.resources.kind import ResourceKind
from model.engine.operations.resources.pages import Listed, page
from model.engine.operations.resources.reading import describe_operation, list_operation
from model.engine.operations.resources.rules import check_quota, create_resource, find, find_active
from model.engine.personalize import limits
from model.engine.personalize.errors import (
    InvalidInputError,
    LimitExceededError,
    ResourceAlreadyExistsError,
    ResourceInUseError,
)
from model.engine.s3.target import read_location
from model.engine.serving.attribution import Attribution, Metric, Sample, check_metric, read_metric, source_of
from model.engine.storage.control_plane.kinds import DATASET_GROUP, METRIC_ATTRIBUTION, MetricAttributionInternals
from model.engine.storage.control_plane.resources import ACTIVE, DELETE_PENDING, FAILED, Resource
from model.engine.storage.dataset_group import INTERACTIONS, ITEMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from model.engine.personalize.arns import Caller
    from model.engine.runtime.engine import Engine
    from model.engine.storage.event_log.records import EventRecord


def create(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """CreateMetricAttribution: a dataset group has one."""
    group = find_active(engine, caller, DATASET_GROUP, request["datasetGroupArn"])
    metrics = request.pop("metrics")
    _check_metrics(metrics, _schemas(engine, group.arn))
    _check_output(request["metricsOutputConfig"])
    check_quota(
        engine,
        caller,
        METRIC_ATTRIBUTION,
        request["name"],
        limits.METRIC_ATTRIBUTIONS_PER_GROUP,
        datasetGroupArn=group.arn,
    )
    path, internals = f"metric-attribution/{request['name']}", MetricAttributionInternals(metrics=metrics)
    attribution = create_resource(engine, caller, METRIC_ATTRIBUTION, path, request, internals)
    resume_creation(engine, attribution)
    return {"metricAttributionArn": attribution.arn}


def list_metrics(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """ListMetricAttributionMetrics."""
    if not request.get("metricAttributionArn"):
        raise InvalidInputError("metricAttributionArn is required")
    attribution = find(engine, caller, METRIC_ATTRIBUTION, request["metricAttributionArn"])
    # Metrics have neither ARN nor date: pages are sorted by their position, which no answer shows.
    metrics = [
        Listed(f"{attribution.arn}/{place}", {**metric, "creationDateTime": place})
        for place, metric in enumerate(attribution.internals.metrics)
    ]
    return page(caller, request, "metrics", metrics)


def update(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """UpdateMetricAttribution: changes metrics or the location of reports, from now on."""
    if not request.get("metricAttributionArn"):
        raise InvalidInputError("metricAttributionArn is required")
    attribution = find(engine, caller, METRIC_ATTRIBUTION, request["metricAttributionArn"])
    if attribution.status != ACTIVE:
        raise ResourceInUseError(f"the metric attribution {attribution.arn} is {attribution.status}, not ACTIVE")
    group_arn = attribution.document["datasetGroupArn"]
    metrics = _without(attribution.internals.metrics, request.get("removeMetrics") or [])
    names = {metric["metricName"] for metric in metrics}
    for added in request.get("addMetrics") or []:
        if added["metricName"] in names:
            raise ResourceAlreadyExistsError(f"the metric attribution has a metric {added['metricName']} already")
    metrics += request.get("addMetrics") or []
    _check_metrics(metrics, _schemas(engine, group_arn))
    output = request.get("metricsOutputConfig")
    if output:
        _check_output(output)
        attribution.document["metricsOutputConfig"] = output
    attribution.internals.metrics = metrics
    engine.resources.save(attribution)
    measured = attribution_of(engine, group_arn)
    if measured is not None:
        measured.set_metrics(map(read_metric, metrics))
    return {"metricAttributionArn": attribution.arn}


def delete(engine: Engine, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteMetricAttribution: measuring stops at once."""
    attribution = find(engine, caller, METRIC_ATTRIBUTION, request["metricAttributionArn"])
    if attribution.status not in {ACTIVE, FAILED}:
        raise ResourceInUseError(f"the metric attribution {attribution.arn} is {attribution.status}")
    attribution.document["status"] = DELETE_PENDING
    engine.resources.save(attribution)
    resume_deletion(engine, attribution)
    return {}


def resume_creation(engine: Engine, attribution: Resource[MetricAttributionInternals]) -> None:
    """Start or resume a creation."""

    async def begin() -> None:
        engine.attributions[attribution.document["datasetGroupArn"]] = _attribution(attribution)

    engine.lifecycles.create(attribution, begin)


def resume_deletion(engine: Engine, attribution: Resource[MetricAttributionInternals]) -> None:
    """Start or resume a deletion."""
    engine.attributions[attribution.document["datasetGroupArn"]] = None
    engine.lifecycles.delete(attribution)


def attribution_of(engine: Engine, group_arn: str) -> Attribution | None:
    """Return the measured metrics of a dataset group; None without a metric attribution."""
    if group_arn not in engine.attributions:
        resource = active(engine, group_arn)
        engine.attributions[group_arn] = _attribution(resource) if resource else None
    return engine.attributions[group_arn]


def active(engine: Engine, group_arn: str) -> Resource[MetricAttributionInternals] | None:
    """Return a dataset group's metric attribution; None where it has none that is ACTIVE."""
    attributions = engine.resources.of_kind(METRIC_ATTRIBUTION, datasetGroupArn=group_arn, status=ACTIVE)
    return next(attributions, None)


def count_events(engine: Engine, group_arn: str, events: list[EventRecord]) -> None:
    """Measure streamed events, new ones only: a repeated event is not counted again."""
    measured = attribution_of(engine, group_arn)
    if measured is not None and events:
        measured.add(_samples(engine, group_arn, measured.metrics, events), time.time())


def _samples(engine: Engine, group_arn: str, metrics: Iterable[Metric], events: list[EventRecord]) -> Iterator[Sample]:
    columns = {metric.column for metric in metrics if metric.dataset_type == INTERACTIONS}
    schema = _schemas(engine, group_arn).get(INTERACTIONS) if columns - {"EVENT_VALUE"} else None
    rows = engine.groups[group_arn].rows[ITEMS]
    for event in events:
        interaction: dict[str, object] = {"EVENT_VALUE": event.value}
        if schema is not None and event.properties:
            properties = json.loads(event.properties)
            interaction |= {column.name: properties.get(name) for name, column in schema.by_property().items()}
        shown = engine.served_lists.find(event.recommendation_id, group_arn)
        source = source_of(event.source, shown.arn if shown else None)
        item = rows.get(event.item_id) if event.item_id else None
        yield Sample(event.event_type, source, event.time, interaction, item or {})


def _schemas(engine: Engine, group_arn: str) -> dict[str, Schema]:
    return {kind: read_schema(text) for kind, text in schemas_of(engine, group_arn).items()}


def _attribution(resource: Resource[MetricAttributionInternals]) -> Attribution:
    return Attribution(map(read_metric, resource.internals.metrics))


def _check_metrics(metrics: list[dict[str, Any]], schemas: dict[str, Schema]) -> None:
    if not metrics:
        raise InvalidInputError("a metric attribution needs at least one metric")
    if len(metrics) > limits.METRICS_PER_ATTRIBUTION:
        raise LimitExceededError(f"a metric attribution may have {limits.METRICS_PER_ATTRIBUTION} metrics")
    names = [metric["metricName"] for metric in metrics]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise InvalidInputError(f"the metric {twice[0]} is named twice")
    interactions = schemas.get(INTERACTIONS)
    if interactions is not None and all(column.name != "EVENT_TYPE" for column in interactions.columns):
        raise InvalidInputError("a metric attribution needs an Interactions dataset with an EVENT_TYPE column")
    for metric in metrics:
        check_metric(read_metric(metric), schemas)


def _check_output(output: dict[str, Any]) -> None:
    if output.get("s3DataDestination"):
        read_location(output["s3DataDestination"]["path"], "metricsOutputConfig.s3DataDestination.path")


def _without(metrics: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    known = {metric["metricName"] for metric in metrics}
    for name in names:
        if name not in known:
            raise InvalidInputError(f"the metric attribution has no metric {name}")
    return [metric for metric in metrics if metric["metricName"] not in names]


RESOURCE_KIND = ResourceKind(
    METRIC_ATTRIBUTION,
    {
        "CreateMetricAttribution": create,
        "DescribeMetricAttribution": describe_operation(METRIC_ATTRIBUTION),
        "ListMetricAttributions": list_operation(METRIC_ATTRIBUTION, "metricAttributions", "datasetGroupArn"),
        "ListMetricAttributionMetrics": list_metrics,
        "UpdateMetricAttribution": update,
        "DeleteMetricAttribution": delete,
    },
    resume_creation=resume_creation,
    resume_deletion=resume_deletion,
)
