"""Events in the format of the event tracker, and the PutEvents calls that send them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from backend.aws.retries import CallRefusedError, RetriesExhaustedError, call_with_retries
from backend.contract import Event, FieldError, Refusal, write_event
from backend.forward.identity import session_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_personalize_events import PersonalizeEventsClient

    from backend.aws.deadline import Deadline
    from backend.forward.grouping import Call
    from backend.forward.reading import ReceivedEvent

# https://docs.aws.amazon.com/personalize/latest/dg/limits.html (event size)
MAX_EVENT_BYTES = 10 * 1024
# https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html (properties)
MAX_PROPERTIES_CHARACTERS = 1024
# https://docs.aws.amazon.com/personalize/latest/dg/recording-item-interaction-events.html
FORBIDDEN_PROPERTIES = frozenset({"userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"})

_WORD_START = re.compile(r"[\W_]+([^\W_])")
_MENTIONS_TRACKER = re.compile(r"tracking", re.IGNORECASE)


class TrackerUnknownError(RetriesExhaustedError):
    """The tracker refused its own id, not an event; a replaced tracker has a new id, with which a retry succeeds."""


@dataclass(slots=True)
class DeliveryOutcome:
    """The outcomes of the events of some calls.

    Attributes
    ----------
    refused
        Events that it refused, or that exceed its limits, each with the reason.
    unsent
        Events that were not sent, because of an error that may pass.
    """

    forwarded: list[ReceivedEvent] = field(default_factory=list)
    refused: list[tuple[ReceivedEvent, Refusal]] = field(default_factory=list)
    unsent: list[ReceivedEvent] = field(default_factory=list)
    calls: int = 0
    is_tracker_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Tracker:
    """An event tracker, and a client of its service that does not retry by itself."""

    client: PersonalizeEventsClient
    tracking_id: str
    deadline: Deadline

    def send(self, call: Call, outcome: DeliveryOutcome) -> None:
        """Send the events of one call in order, and add the outcome of each to `outcome`.

        The tracker refuses a whole call for one bad event and does not name it, so a refused call is bisected until
        the bad event is alone.

        Raises
        ------
        RetriesExhaustedError
            When a call failed with an error that may pass; events without an outcome were not sent.
        """
        valid: list[tuple[ReceivedEvent, dict[str, Any]]] = []
        for received in call:
            entry = tracker_entry(received.event)
            if isinstance(entry, Refusal):
                outcome.refused.append((received, entry))
            else:
                valid.append((received, entry))
        if valid:
            self._put(valid, outcome)

    def _put(self, events: Sequence[tuple[ReceivedEvent, dict[str, Any]]], outcome: DeliveryOutcome) -> None:
        event = events[0][0].event
        sender: dict[str, Any] = {"sessionId": session_of(event)}
        if event.user_id is not None:
            sender["userId"] = event.user_id
        entries: Any = [entry for _, entry in events]

        def put() -> None:
            self.client.put_events(trackingId=self.tracking_id, eventList=entries, **sender)

        try:
            call_with_retries(put, self.deadline)
        except CallRefusedError as error:
            if _concerns_tracker(str(error), entries):
                raise TrackerUnknownError(str(error)) from error
            if len(events) > 1:
                middle = len(events) // 2
                self._put(events[:middle], outcome)
                self._put(events[middle:], outcome)
            else:
                refusal = _refuse(event, "refused_by_tracker", "", f"must be accepted by the event tracker: {error}")
                outcome.refused.append((events[0][0], refusal))
        else:
            outcome.calls += 1
            outcome.forwarded.extend(received for received, _ in events)


def _concerns_tracker(message: str, entries: Sequence[dict[str, Any]]) -> bool:
    """Return whether a refusal mentions the tracking id without quoting it from an event."""
    quoted = _MENTIONS_TRACKER.search(msgspec.json.encode(entries).decode())
    return _MENTIONS_TRACKER.search(message) is not None and quoted is None


def tracker_entry(event: Event) -> dict[str, Any] | Refusal:
    """Return an event as an element of PutEvents' `eventList`, or the reason why the tracker would refuse it."""
    fields: dict[str, Any] = {
        # Personalize uses only the first of several events with one id, so sending one twice is harmless.
        # https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html (eventId)
        "eventId": event.event_id,
        "eventType": event.event_type,
        "sentAt": event.timestamp,
        "itemId": event.item_id,
        "eventValue": event.event_value,
        "recommendationId": event.recommendation_id,
        "impression": event.impression,
    }
    entry = {name: value for name, value in fields.items() if value is not None}
    if event.properties:
        properties = _tracker_properties(event, event.properties)
        if isinstance(properties, Refusal):
            return properties
        entry["properties"] = properties
    if len(msgspec.json.encode(entry)) > MAX_EVENT_BYTES:
        return _refuse(event, "too_large", "", f"must be at most {MAX_EVENT_BYTES} bytes in the event tracker's format")
    return entry


def _tracker_properties(event: Event, properties: Mapping[str, object]) -> str | Refusal:
    renamed: dict[str, object] = {}
    for name, value in properties.items():
        camel = _WORD_START.sub(lambda match: match[1].upper(), name)
        if camel.lower() in FORBIDDEN_PROPERTIES:
            return _refuse(event, "unknown_value", f"properties.{name}", "must not repeat a field of the event")
        if camel in renamed:
            return _refuse(event, "unknown_value", f"properties.{name}", f"must not become {camel}, as another does")
        renamed[camel] = value
    text = msgspec.json.encode(renamed).decode()
    if len(text) > MAX_PROPERTIES_CHARACTERS:
        return _refuse(event, "too_large", "properties", f"must be at most {MAX_PROPERTIES_CHARACTERS} characters")
    return text


def _refuse(event: Event, reason: str, name: str, rule: str) -> Refusal:
    return Refusal(reason, (FieldError(name, rule),), write_event(event))
