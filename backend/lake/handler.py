"""Lambda entry of Firehose's transformation."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from backend.lake.transform import TransformedRecord, TransformOutcome, transform

if TYPE_CHECKING:
    from collections.abc import Mapping

_logger = logging.getLogger(__name__)
_metrics = Metrics()


@_metrics.log_metrics
def handler(event: Mapping[str, Any], _context: object) -> dict[str, list[TransformedRecord]]:
    """Convert one batch to rows of the lake.

    Parameters
    ----------
    event
        Lambda event from Firehose.

    Returns
    -------
    dict
        `records`, each record id once.
    """
    outcome = transform(event["records"])
    _count(outcome)
    return {"records": outcome.records}


def _count(outcome: TransformOutcome) -> None:
    for name, number in outcome.counts.items():
        _metrics.add_metric(name, MetricUnit.Count, number)
    for reason, count in outcome.bad_by_reason.items():
        _metrics.add_metric(f"bad_{reason}", MetricUnit.Count, count)
    if outcome.unaccounted:
        _logger.error("%d records have no outcome, or more than one", outcome.unaccounted)
