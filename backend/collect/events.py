"""``POST /events``, and ``POST /e`` for pages: one event, or an array of up to 500."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.collect.intake import read_body_or_count, store_events, store_refused_body
from backend.collect.verdicts import answer_verdicts
from backend.contract import BodyRefusedError, read_events
from backend.http import BadRequestError

if TYPE_CHECKING:
    from backend.collect.submission import Submission
    from backend.http import Answer, Request


def post_events(request: Request, submission: Submission) -> Answer:
    """Store the events of a request and answer with one verdict per event.

    Raises
    ------
    BadRequestError
        Where the body is not a list of events; its bytes are stored as a bad row. Where it cannot be decompressed, it
        is counted but not stored.
    TooLargeError
        Where the body is larger than 1 MiB; it is counted but not stored.
    """
    body = read_body_or_count(request, submission.dependencies.count)
    try:
        events = read_events(body, now=submission.received_at)
    except BodyRefusedError as error:
        store_refused_body(error, body, submission)
        raise BadRequestError("body", error.rule, error.reason) from None
    return answer_verdicts(store_events(events, submission), request.request_id, "events")
