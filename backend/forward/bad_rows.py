"""What can never be forwarded, kept in S3 with its reason and its bytes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from backend.contract import bad_row
from backend.forward.patience import GaveUp, Patience, Refused, insist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

    from backend.forward.reading import BadArrival

SOURCE = "forward"


def keep(bad: Sequence[BadArrival], client: S3Client, bucket: str, patience: Patience) -> bool:
    """Write bad rows as one object, whose name follows from its content: the same batch again writes the same object.

    Parameters
    ----------
    bad
        What is bad.
    client
        S3.
    bucket
        Name of the bucket of bad rows.
    patience
        How long to insist.

    Returns
    -------
    bool
        Whether they are written.
    """
    if not bad:
        return True
    body = b"".join(bad_row(SOURCE, row.refusal, row.arrived) for row in bad)
    name = hashlib.sha256(body).hexdigest()[:32]
    key = f"{SOURCE}/ingest_date={bad[0].arrived:%Y-%m-%d}/{name}.jsonl"
    try:
        insist(
            lambda: client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/x-ndjson"), patience
        )
    except (GaveUp, Refused):
        return False
    return True
