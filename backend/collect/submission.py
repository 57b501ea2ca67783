"""Records that arrived together, with the dependencies and the limits of their storage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from backend.upload.report import CONNECT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from backend.aws.deadline import Deadline
    from backend.upload.report import UploadDependencies

STREAM_READ_SECONDS = 4.0
STREAM_CALL_SECONDS = CONNECT_SECONDS + STREAM_READ_SECONDS
"""The longest that a PutRecords of some MiB takes."""


@dataclass(frozen=True, slots=True)
class CollectDependencies:
    """Clients, the names of their resources, the days that a user stays in the table, and the metrics.

    The clients do not retry by themselves. The known categories are those that this process has added to the table.
    """

    kinesis: KinesisClient
    s3: S3Client
    dynamodb: DynamoDBClient
    stream: str
    sqs: SQSClient
    bad_rows_bucket: str
    bad_rows_queue: str
    lake_bucket: str
    entities_table: str
    user_days: int
    uploads: UploadDependencies
    count: Callable[[str, int], None]
    known_categories: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Submission:
    """The context in which the records of one request, or of one chunk of an upload, are stored.

    Attributes
    ----------
    deadline
        When to start no further call that stores accepted records; refused ones are stored after them.
    object_name
        Name of the objects that are written to the lake and to the bad rows: unique to the request, or the same each
        time that the same chunk is stored.
    producer
        Who sent them: a page, whose key is public, or a server.
    """

    dependencies: CollectDependencies
    deadline: Deadline
    object_name: str
    received_at: datetime
    producer: Literal["page", "server"] = "server"
