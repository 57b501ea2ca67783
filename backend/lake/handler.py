"""Lambda entry of Firehose's transformation."""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from backend.lake.refused import store_refused
from backend.lake.transform import TransformedRecord, TransformOutcome, transform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client

_logger = logging.getLogger(__name__)
_metrics = Metrics()


@cache
def _client() -> S3Client:
    import boto3  # noqa: PLC0415 - a batch without a refused record, which is most, needs no client
    from botocore.config import Config  # noqa: PLC0415 - as above

    retries = Config(connect_timeout=1, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 3})
    return boto3.client("s3", config=retries)


@_metrics.log_metrics
def handler(event: Mapping[str, Any], _context: object) -> dict[str, list[TransformedRecord]]:
    """Convert one batch of Firehose to rows of the lake; the response has each record id once."""
    outcome = transform(event["records"])
    if outcome.refused:
        store_refused(outcome, _client(), os.environ["BAD_ROWS_BUCKET"])
    _count(outcome)
    return {"records": outcome.records}


def _count(outcome: TransformOutcome) -> None:
    for name, number in outcome.counts.items():
        _metrics.add_metric(name, MetricUnit.Count, number)
    _metrics.add_metric("bots", MetricUnit.Count, outcome.bots)
    _metrics.add_metric("late", MetricUnit.Count, outcome.late)
    _metrics.add_metric("ahead", MetricUnit.Count, outcome.ahead)
    _metrics.add_metric("late_seconds", MetricUnit.Seconds, outcome.late_seconds)
    _metrics.add_metric("ahead_seconds", MetricUnit.Seconds, outcome.ahead_seconds)
    for reason, count in outcome.bad_by_reason.items():
        _metrics.add_metric(f"bad_{reason}", MetricUnit.Count, count)
    if outcome.unaccounted:
        _logger.error("%d records have no outcome, or more than one", outcome.unaccounted)
