"""The progress of an upload, kept in S3 beside the uploads, so that any invocation can resume it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - the struct needs its fields' types
from typing import TYPE_CHECKING, Literal

import msgspec
from botocore.exceptions import ClientError

from backend.aws.objects import put_object_if
from backend.aws.retries import IncompleteCallError
from backend.contract import RecordKind  # noqa: TC001 - the struct needs its fields' types

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

    from backend.contract import FieldError

PREFIX = "reports/"

_JSON = "application/json"

CONNECT_SECONDS = 1.0
READ_SECONDS = 2.0
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS
"""The longest that a call of the clients takes."""

MAX_ERRORS = 10
"""Errors of a report, from the beginning of the object; the bad rows have those of every record."""

ERROR_CHARACTERS = 200
"""Characters of a field or a rule in a report; the field is part of the upload and may be of any length."""

State = Literal["WAITING", "RUNNING", "SUCCEEDED", "FAILED"]
Format = Literal["text", "gzip", "parquet"]


@dataclass(frozen=True, slots=True)
class UploadDependencies:
    """Clients, which do not retry by themselves, and names for uploads.

    Attributes
    ----------
    function_name
        The function that processes uploads; it invokes itself to resume one.
    """

    s3: S3Client
    functions: LambdaClient
    bucket: str
    function_name: str


class RowError(msgspec.Struct, frozen=True):
    """A rule that a record broke, with the number of its first line in the object, from 1; never a value."""

    line: int
    field: str
    rule: str


class Report(msgspec.Struct):
    """The progress of one upload.

    Attributes
    ----------
    id
        Derived from kind, key and version of the object, so that a repeated request processes it once, and content
        that is uploaded again is processed again.
    source
        The object, as ``s3://bucket/key``.
    etag
        The object's content, which must not change while it is processed.
    created_at, updated_at
        When it was requested, which is when its records were received; and when the report was last written.
    errors
        The first broken rules, at most :data:`MAX_ERRORS`.
    position, lines
        Processed bytes and lines of the decompressed object.
    stalls
        Invocations in a row that began, and have not made progress.
    format
        What the object's first bytes are; None until they are read.
    unpacked_bytes
        Of a gzip that was decompressed to its end once, which none of its records is stored before.
    owner, owned_until
        The invocation that wrote the report last, and until when no other may: None once it has ended.
    """

    id: str
    kind: RecordKind
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
    errors: list[RowError] = msgspec.field(default_factory=list)
    cause: str | None = None
    position: int = 0
    lines: int = 0
    header: list[str] | None = None
    stalls: int = 0
    format: Format | None = None
    unpacked_bytes: int | None = None
    owner: str = ""
    owned_until: datetime | None = None

    @property
    def key(self) -> str:
        """The object's key."""
        return self.source.split("/", 3)[3]

    def add_errors(self, line: int, errors: Iterable[FieldError]) -> None:
        """Add the broken rules of the record at a line, as far as there is room."""
        room = MAX_ERRORS - len(self.errors)
        self.errors += [
            RowError(line, error.field[:ERROR_CHARACTERS], error.rule[:ERROR_CHARACTERS])
            for error in itertools.islice(errors, room)
        ]


@dataclass(slots=True)
class SavedReport:
    """A report, and the ETag of the object that it was read from or written to."""

    report: Report
    etag: str


_INTERNAL = (
    "etag",
    "position",
    "lines",
    "header",
    "stalls",
    "format",
    "unpacked_bytes",
    "owner",
    "owned_until",
)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Report).decode


def load_report(upload_id: str, uploads: UploadDependencies) -> SavedReport | None:
    """Return the report of an upload, or None where there is no such upload."""
    try:
        answer = uploads.s3.get_object(Bucket=uploads.bucket, Key=_key(upload_id))
        body = answer["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
            return None
        raise
    return SavedReport(_decode(body), answer["ETag"])


def create_report(report: Report, uploads: UploadDependencies, etag: str | None) -> bool:
    """Write a new report in place of the one with an ETag, if any; return False where another request was earlier."""
    return bool(put_object_if(_key(report.id), _encode(report), uploads.s3, uploads.bucket, _JSON, etag))


def save_report(saved: SavedReport, uploads: UploadDependencies, now: datetime) -> bool:
    """Write a report, with `now` as the time of its update; return False where another invocation has written it.

    Raises
    ------
    IncompleteCallError
        Where the report in S3 is an earlier one of the same invocation, so that it is to be written again.
    """
    report = saved.report
    report.updated_at = now
    etag = put_object_if(_key(report.id), _encode(report), uploads.s3, uploads.bucket, _JSON, saved.etag)
    if etag:
        saved.etag = etag
        return True
    stored = load_report(report.id, uploads)
    if stored is None or stored.report.owner != report.owner:
        return False
    saved.etag = stored.etag
    raise IncompleteCallError("an earlier attempt was accepted without an answer")


def public_fields(report: Report) -> dict[str, object]:
    """Return the fields of a report that the caller sees."""
    fields: dict[str, object] = msgspec.to_builtins(report)
    return {name: value for name, value in fields.items() if name not in _INTERNAL and value is not None}


def _key(upload_id: str) -> str:
    return f"{PREFIX}{upload_id}.json"
