"""S3's PutObject, confirmed by S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.aws.retries import IncompleteCallError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client

JSON_LINES = "application/x-ndjson"


def put_object(key: str, body: bytes, client: S3Client, bucket: str, content_type: str = JSON_LINES) -> None:
    """Write an object.

    Raises
    ------
    IncompleteCallError
        Where the answer is not that of S3, which has an ETag.
    """
    answer: Mapping[str, object] = client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
    if not answer.get("ETag"):
        raise IncompleteCallError("S3 confirms no object")
