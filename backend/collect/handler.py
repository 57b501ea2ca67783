"""Lambda entry of the front door: HTTP requests, and uploads that it works off by calling itself."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from backend.collect.events import post_events
from backend.collect.services import Patience, Services
from backend.collect.update_data import post_update_data
from backend.collect.upload import get_upload
from backend.collect.work import go_on
from backend.http import Answer, Request, routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

REQUEST_SECONDS = 5.0
"""How long a request may insist on the stream; a caller is better told to come again than kept waiting."""

RESERVE_SECONDS = 8.0
"""What an upload's invocation keeps for the portion in hand, its report, and the call of the next."""

CONNECT_SECONDS = 1.0
READ_SECONDS = 4.0

_metrics = Metrics()


@cache
def _services() -> Services:
    # The stream's retries are made by index in stream.py; the others' are boto3's.
    once = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 1})
    again = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    return Services(
        kinesis=boto3.client("kinesis", config=once),
        s3=boto3.client("s3", config=again),
        dynamodb=boto3.client("dynamodb", config=again),
        functions=boto3.client("lambda", config=again),
        stream=os.environ["STREAM_NAME"],
        bad_rows_bucket=os.environ["BAD_ROWS_BUCKET"],
        lake_bucket=os.environ["LAKE_BUCKET"],
        uploads_bucket=os.environ["UPLOADS_BUCKET"],
        entities_table=os.environ["ENTITIES_TABLE"],
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        count=_count,
    )


def _count(name: str, by: int) -> None:
    _metrics.add_metric(name, MetricUnit.Count, by)


def _now() -> datetime:
    return datetime.now(UTC)


def _post_events(request: Request) -> Answer:
    return post_events(request, _services(), Patience(time.monotonic() + REQUEST_SECONDS), _now())


def _post_update_data(request: Request) -> Answer:
    return post_update_data(request, _services(), Patience(time.monotonic() + REQUEST_SECONDS), _now())


def _get_upload(request: Request) -> Answer:
    return get_upload(request, _services())


_route = routes(
    {
        ("POST", "/events"): _post_events,
        ("POST", "/update-data"): _post_update_data,
        ("GET", "/update-data/{id}"): _get_upload,
    }
)


@_metrics.log_metrics
def handler(event: Mapping[str, Any], context: LambdaContext) -> Answer | None:
    """Answer a request, or go on with an upload.

    Parameters
    ----------
    event
        REST Lambda proxy event, or ``{"upload": id}`` from this function itself.
    context
        Lambda context, asked for the time left.

    Returns
    -------
    Answer | None
        The proxy integration's answer; nothing for an upload.
    """
    if "upload" in event:
        _count("upload_invocations", 1)
        left = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
        go_on(event["upload"], _services(), Patience(time.monotonic() + left), _now)
        return None
    answered = _route(event, context)
    _count(f"status_{answered['statusCode']}", 1)
    return answered
