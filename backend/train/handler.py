"""Lambda entry of training: start one, report its progress."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from backend.http import Answer, routes
from backend.train.executions import TrainDependencies
from backend.train.progress import get_train
from backend.train.start import post_train

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_SECONDS = 1.0
READ_SECONDS = 3.0

_metrics = Metrics()


@cache
def _dependencies() -> TrainDependencies:
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 2},
    )
    states = boto3.client("stepfunctions", config=config)
    return TrainDependencies(states, os.environ["STATE_MACHINE_ARN"], os.environ["TRAINERS"].split(","))


_route = routes(
    {
        ("POST", "/train"): lambda request: post_train(request, _dependencies(), datetime.now(UTC)),
        ("GET", "/train/{id}"): lambda request: get_train(request, _dependencies()),
    }
)


@_metrics.log_metrics
def handler(event: Mapping[str, Any], context: object) -> Answer:
    """Answer a REST Lambda proxy event."""
    answered = _route(event, context)
    _metrics.add_metric(f"status_{answered['statusCode']}", MetricUnit.Count, 1)
    return answered
