"""Lambda entry of the forwarder: takes a Kinesis batch, returns the first record to be redelivered."""

from __future__ import annotations

import logging
import os
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from backend.aws.deadline import Deadline
from backend.forward import history, tracker
from backend.forward.forwarding import BatchOutcome, ForwardDependencies, forward_batch
from backend.forward.pool import WORKERS
from backend.forward.tracking_id import TrackingId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

# Time kept after the last call for the answer and the metrics.
RESERVE_SECONDS = 1.5

_logger = logging.getLogger(__name__)
_metrics = Metrics()


@cache
def _dependencies() -> ForwardDependencies:
    storage = _config(history.CONNECT_SECONDS, history.READ_SECONDS)
    return ForwardDependencies(
        events=boto3.client("personalize-events", config=_config(tracker.CONNECT_SECONDS, tracker.READ_SECONDS)),
        dynamodb=boto3.client("dynamodb", config=storage),
        s3=boto3.client("s3", config=storage),
        tracking_id=TrackingId(
            boto3.client("ssm", config=storage), os.environ["TRACKING_ID_PARAMETER"], time.monotonic
        ),
        history_table=os.environ["HISTORY_TABLE"],
        history_days=int(os.environ["HISTORY_DAYS"]),
        bad_rows_bucket=os.environ["BAD_ROWS_BUCKET"],
        calls_per_second=float(os.environ["PUT_EVENTS_PER_SECOND"]),
    )


def _config(connect_seconds: float, read_seconds: float) -> Config:
    return Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        # backend.aws.retries makes the retries, within the invocation's remaining time.
        retries={"total_max_attempts": 1},
        max_pool_connections=WORKERS,
        # The contract has validated the events, and the service does so again; boto3's own validation is a third of
        # the cost of a call.
        parameter_validation=False,
    )


@_metrics.log_metrics
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Forward one batch.

    Parameters
    ----------
    event
        Lambda event from Kinesis.

    Returns
    -------
    dict
        The partial batch response: `batchItemFailures` with the first record to be redelivered.
    """
    seconds = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    outcome = forward_batch(event["Records"], _dependencies(), Deadline.after(seconds))
    _count(outcome)
    oldest = min((record["kinesis"]["approximateArrivalTimestamp"] for record in event["Records"]), default=None)
    if oldest is not None:
        _metrics.add_metric("update_seconds", MetricUnit.Seconds, max(0.0, time.time() - oldest))
    if outcome.first_failed is None:
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": outcome.first_failed}]}


def _count(outcome: BatchOutcome) -> None:
    for name, number in outcome.counts.items():
        _metrics.add_metric(name, MetricUnit.Count, number)
    _metrics.add_metric("held_back", MetricUnit.Count, outcome.held_back)
    _metrics.add_metric("calls", MetricUnit.Count, outcome.calls)
    _metrics.add_metric("failed_calls", MetricUnit.Count, outcome.failed_calls)
    for reason, count in outcome.bad_by_reason.items():
        _metrics.add_metric(f"bad_{reason}", MetricUnit.Count, count)
    if outcome.unaccounted:
        _logger.error("%d records have no outcome, or more than one", outcome.unaccounted)
