"""``POST /update-data``: interactions, items or users in bulk, in the body or in an uploaded object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from backend.collect.body import read_body
from backend.collect.records import KINDS, Kind, take
from backend.collect.upload import start_upload
from backend.collect.verdicts import answer_verdicts
from backend.contract import BodyRefused, split_records
from backend.http import BadRequest

if TYPE_CHECKING:
    from datetime import datetime

    from backend.collect.services import Patience, Services
    from backend.http import Answer, Request

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_string = msgspec.json.Decoder(str).decode


def post_update_data(request: Request, services: Services, patience: Patience, now: datetime) -> Answer:
    """Take the records of a request, or begin with an uploaded object.

    Parameters
    ----------
    request
        The request.
    services
        Where the records go.
    patience
        How long to insist where they are not taken.
    now
        When the request came.

    Returns
    -------
    Answer
        A verdict per record, or the id under which the upload's progress can be asked for.

    Raises
    ------
    BadRequest
        Where the body is not of the form.
    """
    fields = _read_fields(read_body(request))
    kind = _read_kind(fields)
    if ("records" in fields) == ("source" in fields):
        raise BadRequest("records", "must be there, or source instead, and not both")
    if "source" in fields:
        return start_upload(kind, _read_string(fields, "source"), services, now)
    try:
        payloads = split_records(bytes(fields["records"]))
    except BodyRefused as refused:
        raise BadRequest("records", refused.rule, refused.reason) from None
    verdicts = take(kind, payloads, services, patience, request.request_id, now)
    return answer_verdicts(verdicts, request.request_id, "events" if kind == "interactions" else "records")


def _read_fields(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        fields = _object(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest("body", "must be a JSON object with kind, and records or source") from None
    for name in fields:
        if name not in {"kind", "records", "source"}:
            raise BadRequest(name[:64], "is not known; the body has kind, and records or source")
    return fields


def _read_kind(fields: dict[str, msgspec.Raw]) -> Kind:
    stated = _read_string(fields, "kind")
    for kind in KINDS:
        if stated == kind:
            return kind
    raise BadRequest("kind", f"must be one of {', '.join(KINDS)}")


def _read_string(fields: dict[str, msgspec.Raw], name: str) -> str:
    if name not in fields:
        raise BadRequest(name, "is required")
    try:
        return _string(fields[name])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest(name, "must be a string") from None
