"""Requests about uploads: start to process an object, and report the progress."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from backend.aws.errors import error_name
from backend.contract.limits import MAX_UPLOAD_BYTES
from backend.http import BadRequestError, NotFoundError, TooLargeError, UnavailableError, answer
from backend.upload.addresses import check_announced, missing
from backend.upload.report import PREFIX, Report, create_report, load_report, public_fields

if TYPE_CHECKING:
    from datetime import datetime

    from backend.contract import RecordKind
    from backend.http import Answer, Request
    from backend.upload.report import UploadDependencies

MAX_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""

ABANDONED_AFTER = timedelta(minutes=5)
"""A running upload writes its report far more often; a request for one that has not resumes it."""

RETRY_AFTER_SECONDS = 5

_SOURCE = re.compile(r"s3://([a-z0-9.-]{3,63})/([^\x00-\x1f\x7f]+)")
_ID = re.compile(r"[0-9a-f]{32}")
_NOT_FOUND = frozenset({"404", "NoSuchKey", "NotFound"})


def start_upload(kind: RecordKind, source: str, uploads: UploadDependencies, now: datetime) -> Answer:
    """Start to process an uploaded object; a repeated request processes it once, and again once it was uploaded again.

    Parameters
    ----------
    source
        ``s3://``, the uploads bucket and the object's key.

    Returns
    -------
    Answer
        202 with the upload's id and the path of its progress.

    Raises
    ------
    BadRequestError, NotFoundError, TooLargeError
        Where the source is not an object that can be processed.
    UnavailableError
        Where S3 or Lambda failed.
    """
    key = _read_key(source, uploads.bucket)
    etag, version, size = _head_object(key, uploads)
    upload_id = hashlib.sha256(f"{kind}\n{key}\n{etag}\n{version}".encode()).hexdigest()[:32]
    try:
        report = _create_or_load(Report(upload_id, kind, source, etag, size, created_at=now, updated_at=now), uploads)
        # Of several invocations one processes the upload, so that one too many is better than none.
        if report.state == "WAITING" or _is_abandoned(report, now):
            invoke_again(upload_id, uploads)
    except Exception as error:
        raise UnavailableError(
            RETRY_AFTER_SECONDS, "the upload could not be started; send the request again"
        ) from error
    return answer(202, {"id": upload_id, "status_url": f"/update-data/{upload_id}", "state": report.state})


def get_upload(request: Request, uploads: UploadDependencies, now: datetime) -> Answer:
    """Answer ``GET /update-data/{id}``: 200 with the state and the counts of an upload, else 400, 404 or 503.

    An upload whose invocations have ended early, with all the retries of Lambda, is resumed.
    """
    upload_id = request.path_parameters["id"]
    if not _ID.fullmatch(upload_id):
        raise BadRequestError("id", "must be 32 hexadecimal digits, as POST /update-data answers them")
    try:
        saved = load_report(upload_id, uploads)
        if saved and _is_abandoned(saved.report, now):
            invoke_again(upload_id, uploads)
    except Exception as error:
        raise UnavailableError(RETRY_AFTER_SECONDS, "the progress cannot be read; send the request again") from error
    if saved is None:
        raise NotFoundError("id", "names no upload; POST /update-data answers with the id of one")
    return answer(200, public_fields(saved.report))


def invoke_again(upload_id: str, uploads: UploadDependencies) -> None:
    """Invoke the function asynchronously, to start or resume an upload."""
    uploads.functions.invoke(
        FunctionName=uploads.function_name,
        InvocationType="Event",
        Payload=json.dumps({"upload": upload_id}).encode(),
    )


def _create_or_load(new: Report, uploads: UploadDependencies) -> Report:
    """Return the report of an upload: a new one where there is none, or a failed one, else the one that there is."""
    saved = load_report(new.id, uploads)
    if saved and saved.report.state != "FAILED":
        return saved.report
    if create_report(new, uploads, saved.etag if saved else None):
        return new
    saved = load_report(new.id, uploads)  # that of a request at the same time
    return saved.report if saved else new


def _is_abandoned(report: Report, now: datetime) -> bool:
    return report.state in {"WAITING", "RUNNING"} and now - report.updated_at > ABANDONED_AFTER


def _read_key(source: str, bucket: str) -> str:
    match = _SOURCE.fullmatch(source)
    if not match or match[1] != bucket:
        raise BadRequestError(
            "source", f"must be an object of the uploads bucket, s3://{bucket}/ and its key in one line"
        )
    key = match[2]
    if len(key.encode()) > MAX_KEY_BYTES or key.startswith(PREFIX):
        raise BadRequestError("source", f"must have a key of at most {MAX_KEY_BYTES} bytes that is not under {PREFIX}")
    return key


def _head_object(key: str, uploads: UploadDependencies) -> tuple[str, str, int]:
    """Return the object's ETag, what names this upload of it even among others of the same content, and its bytes."""
    try:
        head = uploads.s3.head_object(Bucket=uploads.bucket, Key=key, ChecksumMode="ENABLED")
        etag, size, version = (
            head["ETag"],
            head["ContentLength"],
            head.get("VersionId") or head["LastModified"].isoformat(),
        )
    except Exception as error:
        if isinstance(error, ClientError) and error_name(error) in _NOT_FOUND:
            raise missing(key) from None
        raise UnavailableError(RETRY_AFTER_SECONDS, "the uploads cannot be read; send the request again") from error
    if size > MAX_UPLOAD_BYTES:
        raise TooLargeError("source", f"must be at most {MAX_UPLOAD_BYTES} bytes; this one has {size}")
    check_announced(key, size, head.get("ChecksumSHA256"))
    return etag, version, size
