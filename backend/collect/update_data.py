"""``POST /update-data``: interactions, items or users in bulk, in the body or in an uploaded object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from backend.collect.intake import read_body_or_count, store_refused_body
from backend.collect.records import store_records
from backend.collect.verdicts import answer_verdicts
from backend.contract import RECORD_KINDS, BodyRefusedError, split_records
from backend.http import BadRequestError
from backend.upload.requests import start_upload

if TYPE_CHECKING:
    from backend.collect.submission import Submission
    from backend.contract import RecordKind
    from backend.http import Answer, Request

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_string = msgspec.json.Decoder(str).decode


def post_update_data(request: Request, submission: Submission) -> Answer:
    """Store the records of a request, or start to process an uploaded object.

    Returns
    -------
    Answer
        One verdict per record, or the id of the upload.

    Raises
    ------
    BadRequestError
        Where the body does not have the documented form. One without readable records is counted and stored as one bad
        row.
    """
    body = read_body_or_count(request, submission.dependencies.count)
    try:
        fields = _read_fields(body)
    except BodyRefusedError as error:
        store_refused_body(error, body, submission)
        raise BadRequestError("body", error.rule) from None
    _check_names(fields)
    kind = _read_kind(fields)
    if ("records" in fields) == ("source" in fields):
        raise BadRequestError("records", "must be there, or source instead, and not both")
    if "source" in fields:
        source = _read_string(fields, "source")
        return start_upload(kind, source, submission.dependencies.uploads, submission.received_at)
    try:
        payloads = split_records(bytes(fields["records"]))
    except BodyRefusedError as error:
        store_refused_body(error, body, submission)
        raise BadRequestError("records", error.rule, error.reason) from None
    verdicts = store_records(kind, payloads, submission)
    return answer_verdicts(verdicts, request.request_id, "events" if kind == "interactions" else "records")


def _read_fields(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _object(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        rule = "must be a JSON object with kind, and records or source"
        raise BodyRefusedError("malformed_json", rule) from None


def _check_names(fields: dict[str, msgspec.Raw]) -> None:
    for name in fields:
        if name not in {"kind", "records", "source"}:
            raise BadRequestError(name, "is not known; the body has kind, and records or source")


def _read_kind(fields: dict[str, msgspec.Raw]) -> RecordKind:
    stated = _read_string(fields, "kind")
    for kind in RECORD_KINDS:
        if stated == kind:
            return kind
    raise BadRequestError("kind", f"must be one of {', '.join(RECORD_KINDS)}")


def _read_string(fields: dict[str, msgspec.Raw], name: str) -> str:
    if name not in fields:
        raise BadRequestError(name, "is required")
    try:
        return _string(fields[name])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequestError(name, "must be a string") from None
