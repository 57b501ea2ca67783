"""``POST /events``: one event, or an array of up to 500."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.collect.body import read_body
from backend.collect.intake import store_bad_rows, store_events
from backend.collect.verdicts import answer_verdicts
from backend.contract import BodyRefusedError, FieldError, Refusal, read_events
from backend.contract.accounting.outcomes import COLLECT
from backend.http import BadRequestError, TooLargeError

if TYPE_CHECKING:
    from backend.collect.submission import CollectDependencies, Submission
    from backend.http import Answer, Request


def post_events(request: Request, submission: Submission) -> Answer:
    """Store the events of a request and answer with one verdict per event.

    Raises
    ------
    BadRequestError
        Where the body is not a list of events; its bytes are stored as a bad row.
    TooLargeError
        Where the body is larger than 1 MiB; it is counted but not stored.
    """
    try:
        body = read_body(request)
        events = read_events(body, now=submission.received_at)
    except TooLargeError:
        _count_refused("too_large", submission.dependencies)
        raise
    except BodyRefusedError as error:
        _count_refused(error.reason, submission.dependencies)
        store_bad_rows([Refusal(error.reason, (FieldError("body", error.rule),), body)], submission)
        raise BadRequestError("body", error.rule, error.reason) from None
    return answer_verdicts(store_events(events, submission), request.request_id, "events")


def _count_refused(reason: str, dependencies: CollectDependencies) -> None:
    """Count a body that is refused as a whole as one record, since its number of records is unknown."""
    outcomes = dict.fromkeys(COLLECT.outcomes, 0) | {"bad": 1}
    for name, number in COLLECT.account({"received": 1, **outcomes}).items():
        dependencies.count(name, number)
    dependencies.count(f"bad_{reason}", 1)
