"""S3's PutObject, confirmed by S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from backend.aws.errors import error_name
from backend.aws.retries import IncompleteCallError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client

JSON_LINES = "application/x-ndjson"

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: 404 where the object to match is gone
_OTHER_VERSION = frozenset({"PreconditionFailed", "NoSuchKey"})


def put_object(key: str, body: bytes, client: S3Client, bucket: str, content_type: str = JSON_LINES) -> None:
    """Write an object.

    Raises
    ------
    IncompleteCallError
        Where the answer is not that of S3, which has an ETag.
    """
    _confirmed(client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type))


def put_object_if(
    key: str, body: bytes, client: S3Client, bucket: str, content_type: str, etag: str | None
) -> str | None:
    """Write an object in place of the one with an ETag, or with None where there is none.

    Returns
    -------
    str | None
        Its ETag; None where the object is another one by now, and is left as it is.

    Raises
    ------
    IncompleteCallError
        Where the answer is not that of S3, which has an ETag.
    """
    try:
        answer = (
            client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*")
            if etag is None
            else client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, IfMatch=etag)
        )
    except ClientError as error:
        if error_name(error) in _OTHER_VERSION:
            return None
        raise
    return _confirmed(answer)


def _confirmed(answer: Mapping[str, Any]) -> str:
    """Return the ETag of an answer."""
    if not answer.get("ETag"):
        raise IncompleteCallError("S3 confirms no object")
    return str(answer["ETag"])
