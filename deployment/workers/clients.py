"""The clients of the emulator's AWS API, and the classification of its errors."""

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

AWS_ERRORS = (BotoCoreError, ClientError)
"""The exceptions that a call to AWS can raise."""


@dataclass(frozen=True)
class Clients:
    """The clients that all threads share; botocore's clients are thread-safe."""

    region: str
    kinesis: KinesisClient
    functions: LambdaClient
    firehose: FirehoseClient
    glue: GlueClient
    s3: S3Client
    sqs: SQSClient
    sns: Any  # no type stubs for SNS in this project


def connect(endpoint: str, region: str) -> Clients:
    """Create the clients, without sending a request."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)  # noqa: S106
    # The callers retry within their own limits; botocore must not invoke a function twice.
    settings: dict[str, Any] = {
        "connect_timeout": 5,
        "max_pool_connections": 64,
        "retries": {"total_max_attempts": 1},
        "parameter_validation": False,
    }
    default = Config(read_timeout=30, **settings)
    for_invocations = Config(read_timeout=LONGEST_INVOCATION_SECONDS + 60, **settings)
    for_objects = Config(read_timeout=60, s3={"addressing_style": "path"}, **settings)
    return Clients(
        region=region,
        kinesis=session.client("kinesis", endpoint_url=endpoint, config=default),
        functions=session.client("lambda", endpoint_url=endpoint, config=for_invocations),
        firehose=session.client("firehose", endpoint_url=endpoint, config=default),
        glue=session.client("glue", endpoint_url=endpoint, config=default),
        s3=session.client("s3", endpoint_url=endpoint, config=for_objects),
        sqs=session.client("sqs", endpoint_url=endpoint, config=default),
        sns=session.client("sns", endpoint_url=endpoint, config=default),
    )


def error_code(error: BotoCoreError | ClientError) -> str:
    """Return the AWS error code, or the name of the exception's class where there was no response."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def is_transient(error: BotoCoreError | ClientError) -> bool:
    """Return whether the same call may succeed later: no connection, throttled or 5xx, but not 4xx."""
    if isinstance(error, ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
        return status >= 500 or status == 429 or error_code(error) in THROTTLES
    return not isinstance(error, ParamValidationError)
