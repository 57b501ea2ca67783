"""What the front door works with."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Services:
    """Clients, the names of what they reach, and where outcomes are counted.

    Attributes
    ----------
    kinesis, s3, dynamodb, functions
        AWS clients.
    stream
        Name of the events' stream.
    bad_rows_bucket, lake_bucket, uploads_bucket
        Names of the buckets.
    entities_table
        Name of the table of items and users.
    function_name
        This function's own name, by which an upload goes on in another invocation.
    count
        Adds to a metric.
    """

    kinesis: KinesisClient
    s3: S3Client
    dynamodb: DynamoDBClient
    functions: LambdaClient
    stream: str
    bad_rows_bucket: str
    lake_bucket: str
    uploads_bucket: str
    entities_table: str
    function_name: str
    count: Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to insist where AWS says no.

    Attributes
    ----------
    deadline
        When to stop, on the clock below.
    clock
        Seconds on a clock that never goes back.
    sleep
        Waits so many seconds.
    """

    deadline: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @property
    def left(self) -> float:
        """Seconds until the deadline, less than zero after it."""
        return self.deadline - self.clock()
