"""``POST /events``: one event, or an array of up to 500."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.collect.bad_rows import keep
from backend.collect.body import read_body
from backend.collect.intake import take_events
from backend.collect.verdicts import answer_verdicts
from backend.contract import BodyRefused, FieldError, Refusal, read_events
from backend.http import BadRequest, TooLarge

if TYPE_CHECKING:
    from datetime import datetime

    from backend.collect.services import Patience, Services
    from backend.http import Answer, Request


def post_events(request: Request, services: Services, patience: Patience, now: datetime) -> Answer:
    """Take the events of a request.

    Parameters
    ----------
    request
        The request.
    services
        Where the events go.
    patience
        How long to insist where the stream refuses.
    now
        When the request came.

    Returns
    -------
    Answer
        A verdict per event.

    Raises
    ------
    BadRequest
        Where the body holds no list of events; its bytes are kept with the bad rows.
    TooLarge
        Where the body is larger than 1 MiB; counted, and not kept.
    """
    try:
        body = read_body(request)
        events = read_events(body, now=now)
    except TooLarge:
        _count_refused("too_large", services)
        raise
    except BodyRefused as refused:
        _count_refused(refused.reason, services)
        refusal = Refusal(refused.reason, (FieldError("body", refused.rule),), body)
        keep([refusal], services, request.request_id, now)
        raise BadRequest("body", refused.rule, refused.reason) from None
    verdicts = take_events(events, services, patience, request.request_id, now)
    return answer_verdicts(verdicts, request.request_id, "events")


def _count_refused(reason: str, services: Services) -> None:
    """Count a body that is refused as a whole as one record, for how many it held cannot be said."""
    services.count("received", 1)
    services.count("bad", 1)
    services.count(f"bad_{reason}", 1)
    services.count("unaccounted", 0)
