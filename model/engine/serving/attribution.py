"""Metric attribution: what recommendations have led to, summed by metric and by where the item was seen.

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
from model.engine.personalize.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from model.datasets.avro_schema import Schema
    from model.engine.monitoring.metrics import Gauge

UNDEFINED = "SOURCE_NAME_UNDEFINED"  # of an event that names neither a source nor a recommendation
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
    """What is summed, over which events.

    Attributes
    ----------
    dataset_type : str or None
        ITEMS or INTERACTIONS, whose column is summed; None to count the events.
    """

    name: str
    event_type: str
    dataset_type: str | None = None
    column: str | None = None

    @property
    def function(self) -> str:
        """What is done with the events: "sum" or "samplecount"."""
        return SAMPLE_COUNT if self.column is None else SUM


@dataclass(frozen=True)
class Sample:
    """One event, as metrics see it.

    Attributes
    ----------
    time : int
        Epoch seconds.
    interaction, item : mapping of str to object
        The event's and the item's values by column.
    """

    event_type: str
    source: str
    time: int
    interaction: Mapping[str, object]
    item: Mapping[str, object]


def read_metric(given: Mapping[str, str]) -> Metric:
    """Read a metric of a request.

    Parameters
    ----------
    given : mapping
        eventType, metricName, expression.
    """
    name, expression = given["metricName"], given["expression"]
    found = EXPRESSION.fullmatch(expression)
    if found is None:
        raise InvalidInputError(
            f"the expression of metric {name} must be SUM(Items.COLUMN), SUM(Interactions.COLUMN) or SAMPLECOUNT(), "
            f"not {expression}"
        )
    if found[1] is None:
        return Metric(name, given["eventType"])
    return Metric(name, given["eventType"], found[1].upper(), found[2])


def check_metric(metric: Metric, schemas: Mapping[str, Schema]) -> None:
    """Check that what a metric sums is there, and numbers.

    Parameters
    ----------
    schemas : mapping of str to Schema
        Of the dataset group's datasets, by type.
    """
    if metric.dataset_type is None or metric.column is None:
        return
    summed = f"{metric.dataset_type.capitalize()}.{metric.column}"
    schema = schemas.get(metric.dataset_type)
    if schema is None:
        raise InvalidInputError(f"metric {metric.name} sums {summed}, and the dataset group has no such dataset")
    kinds = {one.name: one.kind for one in schema.columns}
    if kinds.get(metric.column) not in NUMBER_KINDS:
        state = f"of type {kinds[metric.column]}" if metric.column in kinds else "not in the schema"
        raise InvalidInputError(f"metric {metric.name} can only sum a column of numbers; {summed} is {state}")


def source_of(explicit: str | None, shown_by: str | None) -> str:
    """Return where the item of an event was seen.

    Parameters
    ----------
    explicit : str or None
        eventAttributionSource, which goes before the recommendation.
    shown_by : str or None
        ARN of the campaign or recommender whose recommendation the event names, as far as it is remembered.
    """
    return explicit or shown_by or UNDEFINED


def measure(metrics: Iterable[Metric], samples: Iterable[Sample], bucket_seconds: int = BUCKET_SECONDS) -> Totals:
    """Sum events by metric, source and time.

    Returns
    -------
    dict of (metric, source, begin of the bucket in epoch seconds) to float
    """
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
    """Return a report as it is published to S3: newest first, then by metric and source.

    Parameters
    ----------
    totals : dict
        What `measure` returned.

    Returns
    -------
    str
        CSV.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(REPORT_COLUMNS)
    for metric, source, begin in sorted(totals, key=lambda key: (-key[2], key[0].name, key[1])):
        value = float(totals[metric, source, begin])
        writer.writerow([metric.name, metric.event_type, value, metric.function, source, begin])
    return text.getvalue()


class Attribution:
    """What one dataset group's metrics have come to since the engine was started."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self.metrics = tuple(metrics)
        self._values: dict[tuple[Metric, str], float] = {}
        self._sources: set[str] = set()

    def use(self, metrics: Iterable[Metric]) -> None:
        """Measure other metrics from now on; what was summed for metrics that stay is kept."""
        self.metrics = tuple(metrics)
        self._values = {key: value for key, value in self._values.items() if key[0] in self.metrics}

    def add(self, samples: Iterable[Sample], now: float) -> None:
        """Take events in; those that are too old are passed over.

        Parameters
        ----------
        now : float
            Epoch seconds.
        """
        oldest = now - limits.ATTRIBUTION_AGE_SECONDS
        self.take(measure(self.metrics, (sample for sample in samples if sample.time > oldest)), now)

    def take(self, totals: Totals, now: float) -> None:
        """Take sums in, but for those of buckets that are too old.

        Parameters
        ----------
        totals : dict
            What `measure` returned.
        now : float
            Epoch seconds.
        """
        oldest = now - limits.ATTRIBUTION_AGE_SECONDS - BUCKET_SECONDS
        for (metric, source, begin), value in totals.items():
            if begin > oldest:
                key = metric, self._known(source)
                self._values[key] = self._values.get(key, 0.0) + value

    def values(self) -> list[tuple[Metric, str, float]]:
        """Return (metric, source, sum) for all that was measured."""
        return [(metric, source, value) for (metric, source), value in self._values.items()]

    def _known(self, source: str) -> str:
        # Sources come from clients: one more than may be is counted where the nameless are, so nothing is lost.
        if source not in self._sources and len(self._sources) >= limits.ATTRIBUTION_SOURCES:
            return UNDEFINED
        self._sources.add(source)
        return source


def attribution_gauge(attributions: Mapping[str, Attribution | None]) -> Gauge:
    """Return what `/metrics` shows of all dataset groups, in the place of Amazon's CloudWatch.

    Parameters
    ----------
    attributions : mapping of str to Attribution
        By the dataset group's ARN; None for groups that measure nothing.

    Returns
    -------
    (name, help, [(labels, value)])
    """
    series = [
        (
            {
                "dataset_group": group_arn,
                "metric": metric.name,
                "event_type": metric.event_type,
                "function": metric.function,
                "source": source,
            },
            value,
        )
        for group_arn, measured in attributions.items()
        if measured is not None
        for metric, source, value in measured.values()
    ]
    return "personalize_attribution_value", "Sums of metric attributions since the engine was started", series


def _value(metric: Metric, sample: Sample) -> float | None:
    if metric.column is None:
        return 1.0
    row = sample.item if metric.dataset_type == "ITEMS" else sample.interaction
    value = row.get(metric.column)
    return float(value) if isinstance(value, (int, float)) else None
