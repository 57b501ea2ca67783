"""Events in the format of the event tracker, and the PutEvents calls that send them."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from backend.aws.retries import (
    ATTEMPTS,
    CallRefusedError,
    OutOfTimeError,
    RetriesExhaustedError,
    ThrottledError,
    call_with_retries,
)
from backend.contract import Event, FieldError, Refusal, write_event
from backend.contract.rules.event_types import SEARCH
from backend.contract.rules.identity import forwarded_type
from backend.forward.identity import session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_personalize_events import PersonalizeEventsClient

    from backend.aws.deadline import Deadline
    from backend.forward.grouping import Call
    from backend.forward.reading import ReceivedEvent

CONNECT_SECONDS = 1.0
READ_SECONDS = 4.0
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS
"""The longest that a call takes."""

ISOLATION_SECONDS = 600
"""Age of a record from which an event that fails by itself with a server error or without an answer is refused: an
event-source mapping does not report how often it has delivered a record."""

# https://docs.aws.amazon.com/personalize/latest/dg/limits.html (event size)
MAX_EVENT_BYTES = 10 * 1024

_HOURS = tuple(f"{hour:02d}" for hour in range(24))

# Statuses for a wrong content, and the codes with these statuses that are about the caller instead.
# https://docs.aws.amazon.com/personalize/latest/dg/CommonErrors.html
_CONTENT_STATUSES = frozenset({400, 413, 422})
_CALLER_CODES = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "NotAuthorized",
        "RequestExpired",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
    }
)

# An event that the service cannot answer takes the whole timeout at each attempt.
_ATTEMPTS_WHEN_OLD, _ATTEMPTS_WHEN_BISECTING, _ATTEMPTS_AT_LAST = 2, 1, 3

_encode = msgspec.json.Encoder().encode
_MENTIONS_TRACKER = re.compile(r"tracking", re.IGNORECASE)


class TrackerUnknownError(RetriesExhaustedError):
    """The tracker refused its own id, not an event; a replaced tracker has a new id, with which a retry succeeds."""


@dataclass(slots=True)
class CallOutcome:
    """The outcomes of the events of one call.

    Attributes
    ----------
    invalid
        Events that exceed the tracker's limits, each with the reason.
    refused
        Events that it refused, each with the reason.
    unsent
        The other events, in order.
    error
        Why they are unsent; None where there are none.
    requests, failed_requests
        Number of PutEvents requests.
    """

    forwarded: list[ReceivedEvent] = field(default_factory=list)
    invalid: list[tuple[ReceivedEvent, Refusal]] = field(default_factory=list)
    refused: list[tuple[ReceivedEvent, Refusal]] = field(default_factory=list)
    unsent: list[ReceivedEvent] = field(default_factory=list)
    error: CallRefusedError | RetriesExhaustedError | None = None
    requests: int = 0
    failed_requests: int = 0


@dataclass(frozen=True, slots=True)
class Tracker:
    """An event tracker, and a client of its service that does not retry by itself.

    Attributes
    ----------
    now
        The time in epoch seconds.
    """

    client: PersonalizeEventsClient
    tracking_id: str
    deadline: Deadline
    now: Callable[[], float] = time.time

    def send(self, call: Call, *, bisects: bool = False) -> CallOutcome:
        """Send the events of one call in order.

        The tracker refuses a whole call for one bad event and does not name it. With `bisects` a call that fails other
        than by throttling is bisected until the bad event is alone: it is refused, or, where the error may pass and
        its record is younger than ten minutes, it and the events after it are unsent.
        """
        outcome = CallOutcome()
        valid: list[tuple[ReceivedEvent, dict[str, Any]]] = []
        for received in call:
            entry = tracker_entry(received.event)
            if isinstance(entry, Refusal):
                outcome.invalid.append((received, entry))
            else:
                valid.append((received, entry))
        try:
            if bisects:
                self._bisect(valid, outcome)
            elif valid:
                self._put(valid, outcome, self._first_attempts(valid))
        except (CallRefusedError, RetriesExhaustedError) as error:
            outcome.error = error
            settled = {id(received) for received in outcome.forwarded} | {id(pair[0]) for pair in outcome.refused}
            outcome.unsent = [received for received, _ in valid if id(received) not in settled]
        return outcome

    def repeat(self, arguments: Mapping[str, Any]) -> CallOutcome:
        """Send a call again that the tracker has accepted, which changes nothing there."""
        outcome = CallOutcome()
        try:
            self._request(arguments, outcome, _ATTEMPTS_AT_LAST)
        except (CallRefusedError, RetriesExhaustedError) as error:
            outcome.error = error
        return outcome

    def _bisect(self, events: Sequence[tuple[ReceivedEvent, dict[str, Any]]], outcome: CallOutcome) -> None:
        """Send the two halves of a call that failed, or its only event, and bisect what fails again."""
        middle = (len(events) + 1) // 2
        for part in (events[:middle], events[middle:]):
            if not part:
                continue
            try:
                self._put(part, outcome, _ATTEMPTS_WHEN_BISECTING if len(part) > 1 else _ATTEMPTS_AT_LAST)
            except (OutOfTimeError, ThrottledError, TrackerUnknownError):
                raise
            except (CallRefusedError, RetriesExhaustedError) as error:
                if len(part) > 1:
                    self._bisect(part, outcome)
                elif _concerns_content(error) or self._age(part[0][0]) >= ISOLATION_SECONDS:
                    cause = error.__cause__ or error
                    rule = f"must be accepted by the event tracker: {cause}"
                    outcome.refused.append((part[0][0], _refuse(part[0][0].event, "refused_by_tracker", "", rule)))
                else:
                    raise

    def _put(self, events: Sequence[tuple[ReceivedEvent, dict[str, Any]]], outcome: CallOutcome, attempts: int) -> None:
        entries = [entry for _, entry in events]
        try:
            self._request(put_events_arguments(events[0][0].event, entries), outcome, attempts)
        except CallRefusedError as error:
            if _concerns_tracker(str(error), entries):
                raise TrackerUnknownError(str(error)) from error
            raise
        outcome.forwarded.extend(received for received, _ in events)

    def _request(self, arguments: Mapping[str, Any], outcome: CallOutcome, attempts: int) -> None:
        def put() -> None:
            outcome.requests += 1
            outcome.failed_requests += 1
            self.client.put_events(trackingId=self.tracking_id, **arguments)
            outcome.failed_requests -= 1

        call_with_retries(put, self.deadline, attempts=attempts, seconds=CALL_SECONDS)

    def _first_attempts(self, events: Sequence[tuple[ReceivedEvent, dict[str, Any]]]) -> int:
        # So that an invocation has time to bisect a call that is never answered.
        is_old = self._age(events[0][0]) >= ISOLATION_SECONDS
        return _ATTEMPTS_WHEN_OLD if is_old else ATTEMPTS

    def _age(self, received: ReceivedEvent) -> float:
        return self.now() - received.arrived_at.timestamp()


def put_events_arguments(event: Event, entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the arguments of PutEvents for events of one user and session, but for the tracking id."""
    arguments: dict[str, Any] = {"sessionId": session_of(event), "eventList": entries}
    if event.user_id is not None:
        arguments["userId"] = event.user_id
    return arguments


def _concerns_content(error: Exception) -> bool:
    """Return whether a call failed for its content."""
    cause = error.__cause__
    if isinstance(error, CallRefusedError):
        return True
    if not isinstance(cause, ClientError):
        return False
    status = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status in _CONTENT_STATUSES and cause.response["Error"]["Code"] not in _CALLER_CODES


def _concerns_tracker(message: str, entries: Sequence[dict[str, Any]]) -> bool:
    """Return whether a refusal mentions the tracking id without quoting it from an event."""
    quoted = _MENTIONS_TRACKER.search(_encode(entries).decode())
    return _MENTIONS_TRACKER.search(message) is not None and quoted is None


def tracker_entry(event: Event) -> dict[str, Any] | Refusal:
    """Return an event as an element of PutEvents' `eventList`, or the reason why the tracker would refuse it."""
    sent_type = forwarded_type(event)
    # The value and the list of an event that is sent for its user only are of an interaction that it is not.
    has_own_type = sent_type == event.event_type
    fields: dict[str, Any] = {
        # Personalize uses only the first of several events with one id, so sending one twice is harmless.
        # https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html (eventId)
        "eventId": event.event_id,
        "eventType": sent_type,
        "sentAt": event.timestamp,
        # A search is no interaction with an item, in the data sets neither.
        "itemId": None if sent_type == SEARCH else event.item_id,
        "eventValue": event.event_value if has_own_type else None,
        "recommendationId": event.recommendation_id if has_own_type else None,
        "impression": event.impression if has_own_type else None,
        "properties": context_properties(event),
    }
    entry = {name: value for name, value in fields.items() if value is not None}
    if len(_encode(entry)) > MAX_EVENT_BYTES:
        return _refuse(event, "too_large", "", f"must be at most {MAX_EVENT_BYTES} bytes in the event tracker's format")
    return entry


def context_properties(event: Event) -> str:
    """Return the context columns of an event, the same as `scripts/transforms/events.py` gives the data set.

    The event's own properties are no columns of the data set, and stay in the lake.
    """
    hour = _HOURS[event.timestamp.hour]
    return _encode({"hour": hour} if event.device is None else {"device": event.device, "hour": hour}).decode()


def _refuse(event: Event, reason: str, name: str, rule: str) -> Refusal:
    return Refusal(reason, (FieldError(name, rule),), write_event(event))
