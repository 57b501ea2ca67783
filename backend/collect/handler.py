"""Lambda entry of the front door: HTTP requests, and the uploads that the function invokes itself to process."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from backend.aws.deadline import Deadline
from backend.collect.events import post_events
from backend.collect.records import resume_upload
from backend.collect.submission import CollectDependencies, Submission
from backend.collect.update_data import post_update_data
from backend.http import Answer, routes
from backend.upload.report import UploadDependencies
from backend.upload.requests import get_upload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

REQUEST_SECONDS = 5.0
"""How long a request retries its writes; after that a 429 or 503 serves the caller better than a longer wait."""

RESERVE_SECONDS = 8.0
"""The time that an invocation for an upload keeps for its last chunk, its report, and the next invocation."""

CONNECT_SECONDS = 1.0
READ_SECONDS = 4.0

_metrics = Metrics()


@cache
def _dependencies() -> CollectDependencies:
    # stream.py retries Kinesis by index; boto3 retries the others.
    without_retries = Config(
        connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 1}
    )
    with_retries = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    s3 = boto3.client("s3", config=with_retries)
    return CollectDependencies(
        kinesis=boto3.client("kinesis", config=without_retries),
        s3=s3,
        dynamodb=boto3.client("dynamodb", config=with_retries),
        stream=os.environ["STREAM_NAME"],
        bad_rows_bucket=os.environ["BAD_ROWS_BUCKET"],
        lake_bucket=os.environ["LAKE_BUCKET"],
        entities_table=os.environ["ENTITIES_TABLE"],
        user_days=int(os.environ["USER_DAYS"]),
        uploads=UploadDependencies(
            s3=s3,
            functions=boto3.client("lambda", config=with_retries),
            bucket=os.environ["UPLOADS_BUCKET"],
            function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        ),
        count=_count,
    )


def _count(name: str, by: int) -> None:
    _metrics.add_metric(name, MetricUnit.Count, by)


def _now() -> datetime:
    return datetime.now(UTC)


def _submission() -> Submission:
    # Not the request's id: API Gateway lets the caller set it.
    return Submission(_dependencies(), Deadline.after(REQUEST_SECONDS), uuid4().hex, _now())


_route = routes(
    {
        ("POST", "/events"): lambda request: post_events(request, _submission()),
        ("POST", "/update-data"): lambda request: post_update_data(request, _submission()),
        ("GET", "/update-data/{id}"): lambda request: get_upload(request, _dependencies().uploads),
    }
)


@_metrics.log_metrics
def handler(event: Mapping[str, Any], context: LambdaContext) -> Answer | None:
    """Answer a request, or resume an upload.

    Parameters
    ----------
    event
        REST Lambda proxy event, or ``{"upload": id}`` from this function itself.

    Returns
    -------
    Answer | None
        The proxy integration's answer; None for an upload.
    """
    if "upload" in event:
        _count("upload_invocations", 1)
        seconds = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
        resume_upload(event["upload"], _dependencies(), Deadline.after(seconds), _now)
        return None
    answered = _route(event, context)
    _count(f"status_{answered['statusCode']}", 1)
    return answered
