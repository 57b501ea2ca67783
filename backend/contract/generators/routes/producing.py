"""Routes of producers: events, and interactions, items and users in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.contract.generators.errors import (
    BAD_KIND,
    BAD_UPLOAD,
    BAD_UPLOAD_ID,
    NO_OBJECT,
    NO_UPLOAD,
    TOO_LARGE,
    UNREAD_UPLOAD,
    UPLOAD_TOO_LARGE,
)
from backend.contract.generators.examples import (
    EVENT,
    EVENT_VERDICTS,
    EVENTS,
    NEW_UPLOAD,
    RECORD_VERDICTS,
    REFUSED_EVENTS,
    STARTED_UPLOAD,
    THROTTLED,
    UNAVAILABLE,
    UPDATE_DATA,
    UPLOAD,
    UPLOAD_ADDRESS,
)
from backend.contract.generators.routes.parts import answer, body, in_path, operation, retry

if TYPE_CHECKING:
    from backend.contract.generators.api import Schema


def producing_paths() -> dict[str, Schema]:
    """Return the paths of producers with their operations."""
    return {
        "/events": {"post": _post_events()},
        "/uploads": {"post": _post_uploads()},
        "/e": {"post": _post_events_of_a_page()},
        "/update-data": {"post": _post_update_data()},
        "/update-data/{id}": {"get": _get_update_data()},
    }


def _post_events() -> Schema:
    return operation(
        "postEvents",
        "producers",
        "Send one event, or up to 500",
        "At most 1 MiB, plain or with content-encoding gzip. Each event has its own verdict; accepted events are in "
        "the stream. Sending an event twice is harmless, since its id, given or derived, is the same.",
        body=body("EventBatch", one=EVENT, several=EVENTS),
        answers={
            "202": answer("Every valid event is stored.", "EventVerdicts", EVENT_VERDICTS),
            "400": answer("Every event is refused.", ["EventVerdicts", "Error"], REFUSED_EVENTS),
            "413": answer("The body is larger than 1 MiB.", "Error", TOO_LARGE),
            "429": retry(
                "Some events are not stored, since the stream is full.", ["EventVerdicts", "Error"], THROTTLED
            ),
            "503": retry("Some events are not stored.", ["EventVerdicts", "Error"], UNAVAILABLE),
        },
    )


def _post_uploads() -> Schema:
    return operation(
        "postUploads",
        "producers",
        "Get an address for an upload",
        "The address takes one object of the stated size, content type and SHA-256, by PUT with the headers of the "
        "answer, within 15 minutes; S3 refuses any other with 403 or 400, and a second one with 412. Then send its "
        "source to POST /update-data.",
        body=body("NewUpload", example=NEW_UPLOAD),
        answers={
            "201": answer("The address.", "UploadAddress", UPLOAD_ADDRESS),
            "400": answer("The body does not have the documented form.", "Error", BAD_UPLOAD),
            "413": answer("The object would be larger than 512 MiB.", "Error", UPLOAD_TOO_LARGE),
        },
    )


def _post_events_of_a_page() -> Schema:
    posted = _post_events()
    description = (
        "As POST /events, for the pages of a shop: the key of a page is in the address, and the body is JSON of any "
        "content type, such as text/plain, so that a browser sends no preflight request. The key may name the origins "
        "of the pages. Each event is marked as sent by a page."
    )
    return {
        **posted,
        "operationId": "postEventsOfAPage",
        "summary": "Send events from a page",
        "description": description,
        "requestBody": {**posted["requestBody"], "description": "JSON, whatever the content type says."},
    }


def _post_update_data() -> Schema:
    return operation(
        "postUpdateData",
        "producers",
        "Send interactions, items or users in bulk",
        "Up to 500 records in the body, or an object of up to 512 MiB at an address of POST /uploads: JSON lines, or "
        "CSV with the fields as header, plain or gzip, or Parquet with the fields as columns. A request for an object "
        "is answered at once, and the object is processed afterwards; a repeated request processes it once.",
        body=body("UpdateData", **UPDATE_DATA),
        answers={
            "202": answer(
                "Every valid record is stored, or the upload has started.",
                ["EventVerdicts", "RecordVerdicts", "Started"],
                RECORD_VERDICTS,
                upload=STARTED_UPLOAD,
            ),
            "400": answer("Every record is refused.", ["EventVerdicts", "RecordVerdicts", "Error"], BAD_KIND),
            "404": answer("The source names no object, or the announced one has not arrived.", "Error", NO_OBJECT),
            "413": answer("The body or the object is too large.", "Error", TOO_LARGE),
            "429": retry("Some records are not stored.", ["EventVerdicts", "RecordVerdicts", "Error"], THROTTLED),
            "503": retry("Some records are not stored.", ["EventVerdicts", "RecordVerdicts", "Error"], UNAVAILABLE),
        },
    )


def _get_update_data() -> Schema:
    return operation(
        "getUpdateData",
        "producers",
        "Get the progress of an upload",
        "read is the sum of accepted, suppressed and refused.",
        parameters=[in_path("id", "The upload's id.", {"type": "string", "pattern": "^[0-9a-f]{32}$"}, UPLOAD["id"])],
        answers={
            "200": answer("The progress.", "Upload", UPLOAD),
            "400": answer("The id is malformed.", "Error", BAD_UPLOAD_ID),
            "404": answer("The id names no upload.", "Error", NO_UPLOAD),
            "503": retry("The progress cannot be read.", "Error", UNREAD_UPLOAD),
        },
    )
