"""``POST /uploads``: a presigned URL that takes one object of an announced size, content type and SHA-256."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from backend.contract import write_instant
from backend.contract.limits import MAX_UPLOAD_BYTES
from backend.http import BadRequestError, NotFoundError, TooLargeError, answer, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from backend.http import Answer, Request
    from backend.upload.report import UploadDependencies

EXPIRES_AFTER = timedelta(minutes=15)
"""Until when an upload must begin; a running one may take longer."""

CONTENT_TYPES = ("application/gzip", "application/vnd.apache.parquet", "application/x-ndjson", "text/csv")

PREFIX = "incoming/"

_ANNOUNCED = re.compile(rf"{PREFIX}[0-9a-f]{{32}}/([0-9a-f]{{64}})-([0-9]+)")
_SHA_256 = re.compile(r"[0-9a-f]{64}")
_decode = msgspec.json.Decoder(dict[str, object]).decode


@dataclass(frozen=True, slots=True)
class Announced:
    """The object that an address takes: its SHA-256 in hexadecimal digits, and its bytes."""

    sha256: str
    size_bytes: int

    @property
    def checksum(self) -> str:
        """The SHA-256 in base64, as S3 has it."""
        return base64.b64encode(bytes.fromhex(self.sha256)).decode()


def post_uploads(request: Request, uploads: UploadDependencies, now: datetime) -> Answer:
    """Answer with the address for one object, whose size, content type and SHA-256 the signature covers.

    S3 refuses any other object with 403, or 400 where only the content differs, and a second one with 412. The bucket
    encrypts it with the environment's key without further headers.

    Raises
    ------
    BadRequestError, TooLargeError
        Where the body does not have the documented form, or announces an object that would not be processed.
    """
    announced, content_type = _read_body(request.body)
    key = f"{PREFIX}{uuid4().hex}/{announced.sha256}-{announced.size_bytes}"
    url = uploads.s3.generate_presigned_url(
        "put_object",
        Params={
            "Bucket": uploads.bucket,
            "Key": key,
            "ContentLength": announced.size_bytes,
            "ContentType": content_type,
            "ChecksumSHA256": announced.checksum,
            "IfNoneMatch": "*",
        },
        ExpiresIn=int(EXPIRES_AFTER.total_seconds()),
    )
    headers = {"Content-Type": content_type, "If-None-Match": "*", "x-amz-checksum-sha256": announced.checksum}
    return answer(
        201,
        {
            "source": f"s3://{uploads.bucket}/{key}",
            "method": "PUT",
            "url": url,
            "headers": headers,
            "expires_at": write_instant(now + EXPIRES_AFTER),
        },
    )


def announced_of(key: str) -> Announced | None:
    """Return the object that an address takes, by its key; None for an object that was uploaded without an address."""
    match = _ANNOUNCED.fullmatch(key)
    return Announced(match[1], int(match[2])) if match else None


def missing(key: str) -> NotFoundError:
    """Return the error for a source that names no object."""
    if announced_of(key):
        return NotFoundError(
            "source",
            "has not arrived; upload it to its address, or to a new one of POST /uploads where that has expired",
        )
    return NotFoundError("source", "names no object; upload it first")


def check_announced(key: str, size_bytes: int, checksum: str | None) -> None:
    """Raise `BadRequestError` where an object at an address is another one than was announced."""
    announced = announced_of(key)
    if announced and (announced.size_bytes, announced.checksum) != (size_bytes, checksum):
        raise BadRequestError(
            "source",
            f"must be the announced {announced.size_bytes} bytes; this object has {size_bytes}, or another SHA-256",
            "not_as_announced",
        )


def _read_body(body: bytes) -> tuple[Announced, str]:
    fields = _read_fields(body)
    size = whole_number(fields["size_bytes"])
    if size is None or size < 1:
        raise BadRequestError("size_bytes", "must be a whole number from 1")
    if size > MAX_UPLOAD_BYTES:
        raise TooLargeError("size_bytes", f"must be at most {MAX_UPLOAD_BYTES}; split the data into several objects")
    sha256 = fields["sha256"]
    if not isinstance(sha256, str) or not _SHA_256.fullmatch(sha256):
        raise BadRequestError("sha256", "must be the object's SHA-256, 64 hexadecimal digits in lower case")
    content_type = fields["content_type"]
    if content_type not in CONTENT_TYPES:
        raise BadRequestError("content_type", f"must be one of {', '.join(CONTENT_TYPES)}")
    return Announced(sha256, size), str(content_type)


def _read_fields(body: bytes) -> Mapping[str, object]:
    try:
        fields = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequestError("body", "must be a JSON object with size_bytes, sha256 and content_type") from None
    known = ("size_bytes", "sha256", "content_type")
    for name in fields:
        if name not in known:
            raise BadRequestError(name, f"is not known; the body has {', '.join(known)}")
    for name in known:
        if name not in fields:
            raise BadRequestError(name, "is required")
    return fields
