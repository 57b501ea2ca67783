"""Lambda entry of the front door: HTTP requests, uploads that the function invokes itself for, and queued bad rows."""

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
from backend.aws.queued_rows import put_queued_rows
from backend.collect.events import post_events
from backend.collect.intake import BAD_ROWS_SECONDS
from backend.collect.records import resume_upload
from backend.collect.submission import STREAM_CALL_SECONDS, STREAM_READ_SECONDS, CollectDependencies, Submission
from backend.collect.update_data import post_update_data
from backend.http import Answer, Request, routes
from backend.upload.addresses import post_uploads
from backend.upload.processing import REPORT_SECONDS
from backend.upload.report import CONNECT_SECONDS, READ_SECONDS, UploadDependencies
from backend.upload.requests import get_upload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

REQUEST_SECONDS = 5.0
"""How long a request retries its writes; after that a 429 or 503 serves the caller better than a longer wait."""

RESERVE_SECONDS = STREAM_CALL_SECONDS + BAD_ROWS_SECONDS + REPORT_SECONDS + 1
"""The time that an invocation for an upload keeps for its last chunk, its report, and the next invocation."""

_metrics = Metrics()


@cache
def _dependencies() -> CollectDependencies:
    storing = _config(READ_SECONDS)
    # The addresses that it signs name the region's own host, which a new bucket answers at once.
    signing = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    s3 = boto3.client("s3", config=storing.merge(signing))
    return CollectDependencies(
        kinesis=boto3.client("kinesis", config=_config(STREAM_READ_SECONDS)),
        s3=s3,
        dynamodb=boto3.client("dynamodb", config=storing),
        sqs=boto3.client("sqs", config=storing),
        stream=os.environ["STREAM_NAME"],
        bad_rows_bucket=os.environ["BAD_ROWS_BUCKET"],
        bad_rows_queue=os.environ["BAD_ROWS_QUEUE"],
        lake_bucket=os.environ["LAKE_BUCKET"],
        entities_table=os.environ["ENTITIES_TABLE"],
        user_days=int(os.environ["USER_DAYS"]),
        uploads=UploadDependencies(
            s3=s3,
            functions=boto3.client("lambda", config=storing),
            bucket=os.environ["UPLOADS_BUCKET"],
            function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        ),
        count=_count,
    )


def _config(read_seconds: float) -> Config:
    # backend.aws.retries and stream.py make the retries, within the time that is left.
    return Config(connect_timeout=CONNECT_SECONDS, read_timeout=read_seconds, retries={"total_max_attempts": 1})


def _count(name: str, by: int) -> None:
    _metrics.add_metric(name, MetricUnit.Count, by)


def _now() -> datetime:
    return datetime.now(UTC)


def _submission(request: Request) -> Submission:
    is_page = request.caller is not None and request.caller.producer == "page"
    return Submission(
        _dependencies(),
        Deadline.after(REQUEST_SECONDS),
        uuid4().hex,  # not the request's id: API Gateway lets the caller set it
        _now(),
        "page" if is_page else "server",
    )


_route = routes(
    {
        ("POST", "/events"): lambda request: post_events(request, _submission(request)),
        ("POST", "/e"): lambda request: post_events(request, _submission(request)),
        ("POST", "/update-data"): lambda request: post_update_data(request, _submission(request)),
        ("POST", "/uploads"): lambda request: post_uploads(request, _dependencies().uploads, _now()),
        ("GET", "/update-data/{id}"): lambda request: get_upload(request, _dependencies().uploads, _now()),
    }
)


@_metrics.log_metrics
def handler(event: Mapping[str, Any], context: LambdaContext) -> Answer | dict[str, list[dict[str, str]]] | None:
    """Answer a request, resume an upload, or write queued bad rows.

    Parameters
    ----------
    event
        REST Lambda proxy event, ``{"upload": id}`` from this function itself, or `Records` of the queue of bad rows.

    Returns
    -------
    Answer | dict | None
        The proxy integration's answer; for messages the partial batch response with those that stay in the queue;
        None for an upload.
    """
    if "Records" in event:
        _count("queued_messages", len(event["Records"]))
        dependencies = _dependencies()
        failed = put_queued_rows(event["Records"], dependencies.s3, dependencies.bad_rows_bucket)
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
    if "upload" in event:
        _count("upload_invocations", 1)
        seconds = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
        resume_upload(event["upload"], _dependencies(), Deadline.after(seconds), _now)
        return None
    answered = _route(event, context)
    _count(f"status_{answered['statusCode']}", 1)
    return answered
