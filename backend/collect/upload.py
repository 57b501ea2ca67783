"""Bulk data by reference: an uploaded object is answered at once with an id, and worked off in other invocations."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from backend.collect.report import PREFIX, Report, load, save, shown
from backend.http import BadRequest, NotFound, TooLarge, Unavailable, answer

if TYPE_CHECKING:
    from datetime import datetime

    from backend.collect.records import Kind
    from backend.collect.services import Services
    from backend.http import Answer, Request

MAX_UPLOAD_BYTES = 512 * 1024 * 1024
"""Bytes of an object, packed or not: some hundred megabytes are worked off in minutes; more is the Spark job's."""

MAX_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""

ABANDONED_AFTER = timedelta(minutes=5)
"""At work, an upload writes its report many times as often; one that does not is taken up when asked for again."""

RETRY_AFTER_SECONDS = 5

_SOURCE = re.compile(r"s3://([a-z0-9.-]{3,63})/(.+)", re.DOTALL)
_ID = re.compile(r"[0-9a-f]{32}")
_NOT_FOUND = frozenset({"404", "NoSuchKey", "NotFound"})


def start_upload(kind: Kind, source: str, services: Services, now: datetime) -> Answer:
    """Begin with an uploaded object; asked for twice, it is worked off once.

    Parameters
    ----------
    kind
        What its records are.
    source
        ``s3://`` and the uploads bucket and the object's key.
    services
        Where the object lies, and who works it off.
    now
        When it was asked for.

    Returns
    -------
    Answer
        202 with the upload's id and the path under which its progress can be asked for.

    Raises
    ------
    BadRequest, NotFound, TooLarge
        Where the source is no object that can be worked off.
    Unavailable
        Where it could not be begun with.
    """
    key = _read_key(source, services.uploads_bucket)
    etag, size = _look_at(key, services)
    upload_id = hashlib.sha256(f"{kind}\n{key}\n{etag}".encode()).hexdigest()[:32]
    try:
        report = load(upload_id, services)
        if report is None or report.state == "FAILED":
            report = Report(upload_id, kind, source, etag, size, created_at=now, updated_at=now)
            save(report, services, now)
            pass_on(upload_id, services)
        elif report.state != "SUCCEEDED" and now - report.updated_at > ABANDONED_AFTER:
            pass_on(upload_id, services)
    except (ClientError, BotoCoreError) as error:
        raise Unavailable(RETRY_AFTER_SECONDS, "the upload could not be begun with; send the request again") from error
    return answer(202, {"id": upload_id, "status_url": f"/update-data/{upload_id}", "state": report.state})


def get_upload(request: Request, services: Services) -> Answer:
    """Tell how far an upload has come.

    Parameters
    ----------
    request
        The request, with the upload's id in its path.
    services
        Where the report lies.

    Returns
    -------
    Answer
        200 with state and counts.

    Raises
    ------
    BadRequest, NotFound
        Where the id is none, or none that is known.
    """
    upload_id = request.path_parameters["id"]
    if not _ID.fullmatch(upload_id):
        raise BadRequest("id", "must be 32 hexadecimal digits, as POST /update-data answers them")
    report = load(upload_id, services)
    if report is None:
        raise NotFound("id", "names no upload; POST /update-data answers with the id of one")
    return answer(200, shown(report))


def pass_on(upload_id: str, services: Services) -> None:
    """Have an upload worked off, or gone on with, in another invocation."""
    services.functions.invoke(
        FunctionName=services.function_name,
        InvocationType="Event",
        Payload=json.dumps({"upload": upload_id}).encode(),
    )


def _read_key(source: str, bucket: str) -> str:
    found = _SOURCE.fullmatch(source)
    if not found or found[1] != bucket:
        raise BadRequest("source", f"must be an object of the uploads bucket, s3://{bucket}/ and its key")
    key = found[2]
    if len(key.encode()) > MAX_KEY_BYTES or key.startswith(PREFIX):
        raise BadRequest("source", f"must have a key of at most {MAX_KEY_BYTES} bytes that is not under {PREFIX}")
    return key


def _look_at(key: str, services: Services) -> tuple[str, int]:
    try:
        head = services.s3.head_object(Bucket=services.uploads_bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_FOUND:
            raise NotFound("source", "names no object; upload it first") from None
        raise Unavailable(RETRY_AFTER_SECONDS, "the uploads cannot be read; send the request again") from error
    except BotoCoreError as error:
        raise Unavailable(RETRY_AFTER_SECONDS, "the uploads cannot be read; send the request again") from error
    size = head["ContentLength"]
    if size > MAX_UPLOAD_BYTES:
        raise TooLarge("source", f"must be at most {MAX_UPLOAD_BYTES} bytes; this one has {size}")
    return head["ETag"], size
