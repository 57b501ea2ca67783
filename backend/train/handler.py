"""Lambda entry of training: start one, ask about one."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from backend.http import Answer, Request, routes
from backend.train.executions import Services
from backend.train.progress import get_train
from backend.train.start import post_train

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_SECONDS = 1.0
READ_SECONDS = 3.0

_metrics = Metrics()


@cache
def _services() -> Services:
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 2},
    )
    states = boto3.client("stepfunctions", config=config)
    return Services(states, os.environ["STATE_MACHINE_ARN"], os.environ["TRAINERS"].split(","))


def _post_train(request: Request) -> Answer:
    return post_train(request, _services(), datetime.now(UTC))


def _get_train(request: Request) -> Answer:
    return get_train(request, _services())


_route = routes({("POST", "/train"): _post_train, ("GET", "/train/{id}"): _get_train})


@_metrics.log_metrics
def handler(event: Mapping[str, Any], context: object) -> Answer:
    """Answer one HTTP request.

    Parameters
    ----------
    event
        REST Lambda proxy event.
    context
        Lambda context, not used.

    Returns
    -------
    Answer
        The proxy integration's answer.
    """
    answered = _route(event, context)
    _metrics.add_metric(f"status_{answered['statusCode']}", MetricUnit.Count, 1)
    return answered
