"""How far an upload has come: kept in S3 beside the uploads, so that any invocation can go on with it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - the struct needs its fields' types
from typing import TYPE_CHECKING, Literal

import msgspec
from botocore.exceptions import ClientError

from backend.collect.records import Kind  # noqa: TC001 - the struct needs its fields' types

if TYPE_CHECKING:
    from backend.collect.services import Services

PREFIX = "reports/"

State = Literal["WAITING", "RUNNING", "SUCCEEDED", "FAILED"]


class Report(msgspec.Struct):
    """One upload.

    Attributes
    ----------
    id
        Follows from what is uploaded, so that the same object asked for twice is worked off once.
    kind
        What its records are.
    source
        The object, as ``s3://bucket/key``.
    etag
        The object's version, which must not change on the way.
    size_bytes
        The object's size.
    created_at, updated_at
        When it was asked for, which is when its records came; and when the report was last written.
    state
        ``WAITING``, ``RUNNING``, ``SUCCEEDED`` or ``FAILED``.
    read, accepted, suppressed
        Records so far.
    refused
        Records so far, by reason.
    cause
        Why it failed.
    position
        Bytes worked off, of the unpacked object.
    header
        The columns, where it is CSV.
    stalls
        Invocations in a row that got no further.
    """

    id: str
    kind: Kind
    source: str
    etag: str
    size_bytes: int
    created_at: datetime
    updated_at: datetime
    state: State = "WAITING"
    read: int = 0
    accepted: int = 0
    suppressed: int = 0
    refused: dict[str, int] = msgspec.field(default_factory=dict)
    cause: str | None = None
    position: int = 0
    header: list[str] | None = None
    stalls: int = 0

    @property
    def key(self) -> str:
        """The object's key."""
        return self.source.split("/", 3)[3]


_INTERNAL = ("etag", "position", "header", "stalls")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Report).decode


def load(upload_id: str, services: Services) -> Report | None:
    """Return an upload's report, or None where there is no such upload."""
    try:
        body = services.s3.get_object(Bucket=services.uploads_bucket, Key=_key(upload_id))["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
            return None
        raise
    return _decode(body)


def save(report: Report, services: Services, now: datetime) -> None:
    """Write an upload's report.

    Parameters
    ----------
    report
        The report; its ``updated_at`` is set.
    services
        Where to.
    now
        The time.
    """
    report.updated_at = now
    services.s3.put_object(
        Bucket=services.uploads_bucket, Key=_key(report.id), Body=_encode(report), ContentType="application/json"
    )


def shown(report: Report) -> dict[str, object]:
    """Return what a caller gets to see of a report."""
    fields: dict[str, object] = msgspec.to_builtins(report)
    return {name: value for name, value in fields.items() if name not in _INTERNAL and value is not None}


def _key(upload_id: str) -> str:
    return f"{PREFIX}{upload_id}.json"
