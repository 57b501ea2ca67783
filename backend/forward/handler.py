"""Lambda entry of the forwarder: a Kinesis batch in, the first record that must come again out."""

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

from backend.forward.delivery import WORKERS
from backend.forward.forwarding import Outcome, Services, forward
from backend.forward.patience import Patience
from backend.forward.tracking_id import TrackingId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

# Time kept for what follows the last call: the answer, and the metrics.
RESERVE_SECONDS = 3.0
TIMEOUT_SECONDS = 5.0

_logger = logging.getLogger(__name__)
_metrics = Metrics()


@cache
def _services() -> Services:
    # Retries are made in patience.py, within the time that the invocation has left.
    config = Config(
        connect_timeout=TIMEOUT_SECONDS,
        read_timeout=TIMEOUT_SECONDS,
        retries={"total_max_attempts": 1},
        max_pool_connections=WORKERS,
        # The contract has checked what is sent, and the service will; boto3's own check is a third of a call's cost.
        parameter_validation=False,
    )
    return Services(
        events=boto3.client("personalize-events", config=config),
        dynamodb=boto3.client("dynamodb", config=config),
        s3=boto3.client("s3", config=config),
        tracking_id=TrackingId(boto3.client("ssm", config=config), os.environ["TRACKING_ID_PARAMETER"], time.monotonic),
        history_table=os.environ["HISTORY_TABLE"],
        history_days=int(os.environ["HISTORY_DAYS"]),
        bad_rows_bucket=os.environ["BAD_ROWS_BUCKET"],
    )


@_metrics.log_metrics
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Forward one batch.

    Parameters
    ----------
    event
        Lambda event from Kinesis.
    context
        Lambda context, asked for the time left.

    Returns
    -------
    dict
        `batchItemFailures` with the first record that must come again, as a mapping with partial batch response wants.
    """
    left = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    outcome = forward(event["Records"], _services(), Patience(deadline=time.monotonic() + left))
    _measure(outcome)
    if outcome.first_failed is None:
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": outcome.first_failed}]}


def _measure(outcome: Outcome) -> None:
    for name in ("received", "forwarded", "bad", "duplicate", "suppressed", "retried", "calls", "unaccounted"):
        _metrics.add_metric(name, MetricUnit.Count, getattr(outcome, name))
    for reason, count in outcome.bad_by_reason.items():
        _metrics.add_metric(f"bad_{reason}", MetricUnit.Count, count)
    if outcome.unaccounted:
        _logger.error("%d records have no outcome, or more than one", outcome.unaccounted)
