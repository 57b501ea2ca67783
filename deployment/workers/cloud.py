"""The clients of the emulator's AWS API, and what its errors mean to those who must go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

if TYPE_CHECKING:
    from mypy_boto3_firehose import FirehoseClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

LONGEST_INVOCATION_SECONDS = 900
"""A function runs at most this long (AWS Lambda quotas, function timeout)."""

THROTTLES = frozenset(
    {"TooManyRequestsException", "ThrottlingException", "ProvisionedThroughputExceededException", "SlowDown"}
)

CloudError = (BotoCoreError, ClientError)
"""Everything that a call to the cloud may raise."""


@dataclass(frozen=True)
class Cloud:
    """The clients, shared by every thread; botocore's clients are safe for that."""

    region: str
    kinesis: KinesisClient
    functions: LambdaClient
    firehose: FirehoseClient
    glue: GlueClient
    s3: S3Client
    sqs: SQSClient
    sns: Any  # no type stubs for SNS in this project


def connect(endpoint: str, region: str) -> Cloud:
    """Make the clients; nothing is sent yet.

    Parameters
    ----------
    endpoint
        The address of the emulator.
    region
        The region whose mappings and delivery streams are served.

    Returns
    -------
    Cloud
        The clients.
    """
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)  # noqa: S106
    # Whoever calls retries, since only they know when to give up: botocore must not invoke a function twice.
    settings: dict[str, Any] = {
        "connect_timeout": 5,
        "max_pool_connections": 64,
        "retries": {"total_max_attempts": 1},
        "parameter_validation": False,
    }
    quick = Config(read_timeout=30, **settings)
    patient = Config(read_timeout=LONGEST_INVOCATION_SECONDS + 60, **settings)
    by_path = Config(read_timeout=60, s3={"addressing_style": "path"}, **settings)
    return Cloud(
        region=region,
        kinesis=session.client("kinesis", endpoint_url=endpoint, config=quick),
        functions=session.client("lambda", endpoint_url=endpoint, config=patient),
        firehose=session.client("firehose", endpoint_url=endpoint, config=quick),
        glue=session.client("glue", endpoint_url=endpoint, config=quick),
        s3=session.client("s3", endpoint_url=endpoint, config=by_path),
        sqs=session.client("sqs", endpoint_url=endpoint, config=quick),
        sns=session.client("sns", endpoint_url=endpoint, config=quick),
    )


def error_code(error: BotoCoreError | ClientError) -> str:
    """Name an error as AWS does.

    Parameters
    ----------
    error
        What a call raised.

    Returns
    -------
    str
        The error code, or the exception's class where no answer came.
    """
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def may_pass(error: BotoCoreError | ClientError) -> bool:
    """Tell an error that time may heal (no connection, throttled, 5xx) from one that stays (4xx).

    Parameters
    ----------
    error
        What a call raised.

    Returns
    -------
    bool
        Whether the same call may succeed later with nothing changed.
    """
    if isinstance(error, ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
        return status >= 500 or status == 429 or error_code(error) in THROTTLES
    return not isinstance(error, ParamValidationError)
