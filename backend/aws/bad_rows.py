"""Refused records as an object in the bucket of bad rows."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from backend.aws.objects import put_object
from backend.contract import bad_row, may_deny_consent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

    from backend.contract import Refusal

    ArrivedRefusal = tuple[Refusal, datetime]
    """A refused record and the time of its arrival."""


def put_bad_rows(
    rows: Sequence[ArrivedRefusal], client: S3Client, bucket: str, source: str, name: str | None = None
) -> None:
    """Write refused records as one object of JSON lines, under the day on which the first of them arrived.

    Those that may deny consent are not written.

    Parameters
    ----------
    name
        Name of the object. Without one it follows from the content, so that a retry writes the same object.
    """
    rows = storable_rows(rows)
    if not rows:
        return
    body = write_rows(rows, source)
    key = object_key(rows, source, name or hashlib.sha256(body).hexdigest()[:32])
    put_object(key, body, client, bucket)


def storable_rows(rows: Sequence[ArrivedRefusal]) -> list[ArrivedRefusal]:
    """Return the refused records without those that may deny consent."""
    return [row for row in rows if not may_deny_consent(row[0].payload)]


def write_rows(rows: Sequence[ArrivedRefusal], source: str) -> bytes:
    """Return refused records as JSON lines."""
    return b"".join(bad_row(source, refusal, arrived_at) for refusal, arrived_at in rows)


def object_key(rows: Sequence[ArrivedRefusal], source: str, name: str) -> str:
    """Return the key of an object of refused records."""
    return f"{source}/ingest_date={rows[0][1]:%Y-%m-%d}/{name}.jsonl"
