"""Lambda entry of the canary, which a schedule invokes; the metric `passed` is written only after right answers."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from backend.canary.probe import Api, probe

_metrics = Metrics()


@cache
def _api() -> Api:
    # Read from Parameter Store, so that the key is in no variable of the function.
    config = Config(connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
    ssm = boto3.client("ssm", config=config)
    key = ssm.get_parameter(Name=os.environ["API_KEY_PARAMETER"], WithDecryption=True)["Parameter"]["Value"]
    return Api(os.environ["API_URL"], key)


@_metrics.log_metrics
def handler(event: object, context: object) -> None:  # noqa: ARG001 - Lambda passes both
    """Call the API and count a success; a failure is an error of the function, with the reason in its log."""
    asks = os.environ["ASKS_RECOMMENDATIONS"] == "true"
    probe(_api(), datetime.now(UTC), asks_recommendations=asks)
    _metrics.add_metric("passed", MetricUnit.Count, 1)
