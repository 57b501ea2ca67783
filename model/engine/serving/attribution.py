"""Metric attribution: sums events by metric and by the source of the recommendation.

Developer guide, "Measuring impact of recommendations".
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.engine.personalize import limits
from model.engine.personalize.arns import labels_of
from model.engine.personalize.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from model.datasets.avro_schema import Schema
    from model.engine.monitoring.metrics import Gauge

UNDEFINED = "SOURCE_NAME_UNDEFINED"  # source of an event that names neither a source nor a recommendation
BUCKET_SECONDS = 15 * 60
SUM, SAMPLE_COUNT = "sum", "samplecount"  # as the reports spell them
EXPRESSION = re.compile(
    r"\s*(?:SAMPLECOUNT\(\s*\)|SUM\(\s*(Items|Interactions)\.([A-Za-z_]\w*)\s*\))\s*", re.IGNORECASE
)
NUMBER_KINDS = frozenset({"float", "double", "int", "long"})
REPORT_COLUMNS = ("METRIC_NAME", "EVENT_TYPE", "VALUE", "MATH_FUNCTION", "EVENT_ATTRIBUTION_SOURCE", "TIMESTAMP")

Totals = dict[tuple["Metric", str, int], float]


@dataclass(frozen=True)
class Metric:
    """A sum of a column over events, or a count of events.

    Attributes
    ----------
    dataset_type : str or None
        ITEMS or INTERACTIONS, the dataset of the column; None to count the events.
    """

    name: str
    event_type: str
    dataset_type: str | None = None
    column: str | None = None

    @property
    def function(self) -> str:
        """The function of the events: "sum" or "samplecount"."""
        return SAMPLE_COUNT if self.column is None else SUM


@dataclass(frozen=True)
class Sample:
    """One event with the columns that metrics use, by column; its time is in epoch seconds."""

    event_type: str
    source: str
    time: int
    interaction: Mapping[str, object]
    item: Mapping[str, object]


def read_metric(given: Mapping[str, str]) -> Metric:
    """Read a metric of a request: eventType, metricName and expression."""
    name, expression = given["metricName"], given["expression"]
    parsed = EXPRESSION.fullmatch(expression)
    if parsed is None:
        raise InvalidInputError(
            f"the expression of metric {name} must be SUM(Items.COLUMN), SUM(Interactions.COLUMN) or SAMPLECOUNT(), "
            f"not {expression}"
        )
    if parsed[1] is None:
        return Metric(name, given["eventType"])
    return Metric(name, given["eventType"], parsed[1].upper(), parsed[2])


def check_metric(metric: Metric, schemas: Mapping[str, Schema]) -> None:
    """Check that the column of a metric exists and holds numbers."""
    if metric.dataset_type is None or metric.column is None:
        return
    summed = f"{metric.dataset_type.capitalize()}.{metric.column}"
    schema = schemas.get(metric.dataset_type)
    if schema is None:
        raise InvalidInputError(f"metric {metric.name} sums {summed}, but the dataset group has no such dataset")
    kinds = {column.name: column.kind for column in schema.columns}
    if kinds.get(metric.column) not in NUMBER_KINDS:
        state = f"of type {kinds[metric.column]}" if metric.column in kinds else "not in the schema"
        raise InvalidInputError(f"metric {metric.name} can only sum a numeric column; {summed} is {state}")


def source_of(explicit: str | None, served_by: str | None) -> str:
    """Return the source that an event is attributed to.

    Parameters
    ----------
    explicit : str or None
        eventAttributionSource, which takes precedence.
    served_by : str or None
        ARN of the campaign or recommender that served the list which the event names, if it is known.
    """
    return explicit or served_by or UNDEFINED


def measure(metrics: Iterable[Metric], samples: Iterable[Sample], bucket_seconds: int = BUCKET_SECONDS) -> Totals:
    """Sum events by metric, source and time, the begin of the bucket in epoch seconds."""
    by_type: defaultdict[str, list[Metric]] = defaultdict(list)
    for metric in metrics:
        by_type[metric.event_type.lower()].append(metric)
    totals: defaultdict[tuple[Metric, str, int], float] = defaultdict(float)
    for sample in samples:
        for metric in by_type.get(sample.event_type.lower(), ()):
            value = _value(metric, sample)
            if value is not None:
                totals[metric, sample.source, sample.time - sample.time % bucket_seconds] += value
    return dict(totals)


def report(totals: Totals) -> str:
    """Return the totals as CSV, as published to S3: latest first, then by metric and source."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(REPORT_COLUMNS)
    for metric, source, begin in sorted(totals, key=lambda key: (-key[2], key[0].name, key[1])):
        value = float(totals[metric, source, begin])
        writer.writerow([metric.name, metric.event_type, value, metric.function, source, begin])
    return text.getvalue()


class Attribution:
    """The sums of a dataset group's metrics since the start of the engine."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self.metrics = tuple(metrics)
        self._values: dict[tuple[Metric, str], float] = {}
        self._sources: set[str] = set()

    def set_metrics(self, metrics: Iterable[Metric]) -> None:
        """Replace the metrics; the sums of metrics that remain are kept."""
        self.metrics = tuple(metrics)
        self._values = {key: value for key, value in self._values.items() if key[0] in self.metrics}

    def add(self, samples: Iterable[Sample], now: float) -> None:
        """Add events; those that are too old at `now`, in epoch seconds, are skipped."""
        oldest = now - limits.ATTRIBUTION_AGE_SECONDS
        self.add_totals(measure(self.metrics, (sample for sample in samples if sample.time > oldest)), now)

    def add_totals(self, totals: Totals, now: float) -> None:
        """Add totals, except those of buckets that are too old at `now`, in epoch seconds."""
        oldest = now - limits.ATTRIBUTION_AGE_SECONDS - BUCKET_SECONDS
        for (metric, source, begin), value in totals.items():
            if begin > oldest:
                key = metric, self._known(source)
                self._values[key] = self._values.get(key, 0.0) + value

    def values(self) -> list[tuple[Metric, str, float]]:
        """Return (metric, source, sum) for all metrics and sources."""
        return [(metric, source, value) for (metric, source), value in self._values.items()]

    def _known(self, source: str) -> str:
        # Clients choose sources: those beyond the limit count as undefined, so that no event is lost.
        if source not in self._sources and len(self._sources) >= limits.ATTRIBUTION_SOURCES:
            return UNDEFINED
        self._sources.add(source)
        return source


def attribution_gauge(attributions: Mapping[str, Attribution | None]) -> Gauge:
    """Return the sums of all dataset groups with metrics as a gauge for `/metrics`, which stands in for CloudWatch."""
    series = [
        (
            {
                **labels_of(group_arn, "dataset_group"),
                "metric": metric.name,
                "event_type": metric.event_type,
                "function": metric.function,
                "source": source,
            },
            value,
        )
        for group_arn, attribution in attributions.items()
        if attribution is not None
        for metric, source, value in attribution.values()
    ]
    return "personalize_attribution_value", "Sums of metric attributions since the start of the engine", series


def _value(metric: Metric, sample: Sample) -> float | None:
    if metric.column is None:
        return 1.0
    row = sample.item if metric.dataset_type == "ITEMS" else sample.interaction
    value = row.get(metric.column)
    return float(value) if isinstance(value, (int, float)) else None
