"""Lists, reads, writes and deletes objects of buckets from within the emulator.

Every object is a file under ``S3_DATA_DIR`` (``S3_PERSIST=1``), so that DuckDB and Spark read it without a copy in
memory. Writes go through MiniStack's own handler, so they are versioned, notified and persisted like any other.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from ministack import app
from ministack.core.responses import get_region
from ministack.services import s3

from deployment.emulator.kms import checks, errors
from deployment.emulator.kms.decisions import KeyUseError

if TYPE_CHECKING:
    from collections.abc import Iterator


class ObjectStoreError(Exception):
    """S3 rejected a request for a bucket or an object; ``code`` is S3's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class StoredObject:
    """One object: its key and its size in bytes."""

    bucket: str
    key: str
    size: int

    @property
    def path(self) -> Path:
        """The file that holds the content; read it only. A key that may not be used is ``AccessDenied``."""
        _check_key("s3:GetObject", self.bucket, self.key)
        return Path(s3._object_disk_path(self.bucket, self.key))


def split(uri: str) -> tuple[str, str]:
    """Split ``s3://bucket/key`` into bucket and key (or prefix); ``InvalidArgument`` for anything else."""
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme not in {"s3", "s3a", "s3n"} or not parts.netloc:
        raise ObjectStoreError("InvalidArgument", f"{uri} is not an S3 location; write s3://bucket/prefix/")
    # A key may hold a question mark, which urlsplit parses as a query.
    return parts.netloc, uri.partition("://")[2].partition("/")[2]


def bucket_exists(bucket: str) -> bool:
    """Return whether the account has this bucket."""
    return bucket in s3._buckets


def list_objects(bucket: str, prefix: str) -> Iterator[StoredObject]:
    """Yield the objects whose key starts with a prefix, in the order of their keys.

    Raises
    ------
    ObjectStoreError
        ``NoSuchBucket`` if the bucket does not exist.
    """
    if not bucket_exists(bucket):
        raise ObjectStoreError("NoSuchBucket", f"The specified bucket does not exist: {bucket}")
    objects = s3._buckets[bucket]["objects"]
    for key in sorted(key for key in list(objects) if key.startswith(prefix)):
        if record := objects.get(key):
            yield StoredObject(bucket, key, int(record.get("size", 0)))


def read(bucket: str, key: str) -> bytes:
    """Return an object's content; ``NoSuchBucket`` or ``NoSuchKey`` if it does not exist."""
    if not bucket_exists(bucket):
        raise ObjectStoreError("NoSuchBucket", f"The specified bucket does not exist: {bucket}")
    _check_key("s3:GetObject", bucket, key)
    content = s3._get_object_data(bucket, key)
    if content is None:
        raise ObjectStoreError("NoSuchKey", f"The specified key does not exist: s3://{bucket}/{key}")
    return bytes(content)


def write(bucket: str, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
    """Put an object; a refusal has S3's code. Never call this on the emulator's event loop."""
    _check_key("s3:PutObject", bucket, key)
    headers = {"content-type": content_type, "content-length": str(len(content))}
    _send("PUT", bucket, key, headers, content)


def delete(bucket: str, key: str) -> None:
    """Delete an object; a missing one is no error. Never call this on the emulator's event loop."""
    _send("DELETE", bucket, key, {}, b"")


def _check_key(action: str, bucket: str, key: str) -> None:
    try:
        checks.check_object(action, bucket, key)
    except KeyUseError as error:
        raise ObjectStoreError(errors.code_of("s3", error), f"{error}: s3://{bucket}/{key}") from error


def _send(method: str, bucket: str, key: str, headers: dict[str, str], content: bytes) -> None:
    host = {"host": f"s3.{get_region()}.amazonaws.com", **headers}
    # A service acts on the account's behalf; without `internal` the request counts as anonymous.
    as_a_service = functools.partial(s3.handle_request, internal=True)
    status, _, answer = app.call_service_handler_sync(as_a_service, method, f"/{bucket}/{key}", host, content, {})
    if status >= 400:
        text = answer.decode(errors="replace")
        code = text.partition("<Code>")[2].partition("</Code>")[0] or "InternalError"
        message = text.partition("<Message>")[2].partition("</Message>")[0] or text
        raise ObjectStoreError(code, f"{message}: s3://{bucket}/{quote(key)}")
