"""Refused records as an object in the bucket of bad rows."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from backend.contract import bad_row, may_deny_consent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

    from backend.contract import Refusal


def put_bad_rows(
    rows: Sequence[tuple[Refusal, datetime]], client: S3Client, bucket: str, source: str, name: str | None = None
) -> None:
    """Write refused records as one object of JSON lines, under the day on which the first of them arrived.

    Those that may deny consent are not written.

    Parameters
    ----------
    rows
        The refused records, each with the time of its arrival.
    name
        Name of the object. Without one it follows from the content, so that a retry writes the same object.
    """
    rows = [row for row in rows if not may_deny_consent(row[0].payload)]
    if not rows:
        return
    body = b"".join(bad_row(source, refusal, arrived_at) for refusal, arrived_at in rows)
    name = name or hashlib.sha256(body).hexdigest()[:32]
    key = f"{source}/ingest_date={rows[0][1]:%Y-%m-%d}/{name}.jsonl"
    client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/x-ndjson")
