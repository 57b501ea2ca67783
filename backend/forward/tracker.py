"""Events as the event tracker takes them, and the calls that hand them over."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from backend.contract import Event, FieldError, Refusal, write_event
from backend.forward.identity import session_of
from backend.forward.patience import GaveUp, Patience, Refused, insist

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_personalize_events import PersonalizeEventsClient

    from backend.forward.grouping import Call
    from backend.forward.reading import Arrival

# https://docs.aws.amazon.com/personalize/latest/dg/limits.html (event size)
MAX_EVENT_BYTES = 10 * 1024
# https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html (properties)
MAX_PROPERTIES_CHARACTERS = 1024
# https://docs.aws.amazon.com/personalize/latest/dg/recording-item-interaction-events.html
FORBIDDEN_PROPERTIES = frozenset({"userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"})

_WORD_START = re.compile(r"[\W_]+([^\W_])")
_ABOUT_TRACKER = re.compile(r"tracking", re.IGNORECASE)


class TrackerUnknown(GaveUp):
    """The tracker refused its own id, not an event: it was made anew, and its new id will do."""


@dataclass(slots=True)
class Handed:
    """What became of the events of some calls.

    Attributes
    ----------
    forwarded
        Taken by the tracker.
    refused
        Refused by it, or beyond what it takes, each with the reason.
    left
        Not taken for a reason that may pass.
    calls
        Calls that the tracker took.
    tracker_unknown
        Whether the tracker refused its own id.
    """

    forwarded: list[Arrival] = field(default_factory=list)
    refused: list[tuple[Arrival, Refusal]] = field(default_factory=list)
    left: list[Arrival] = field(default_factory=list)
    calls: int = 0
    tracker_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Tracker:
    """An event tracker.

    Attributes
    ----------
    client
        Personalize's events service, made without retries of its own.
    tracking_id
        Which tracker.
    patience
        How long to insist.
    """

    client: PersonalizeEventsClient
    tracking_id: str
    patience: Patience

    def hand_over(self, call: Call, handed: Handed) -> None:
        """Hand the events of one call over, in order, and note what became of each.

        The tracker refuses a whole call for one bad event and does not say which. So a refused call is halved until
        the bad event stands alone.

        Parameters
        ----------
        call
            Events of one user and session.
        handed
            Where to note it.

        Raises
        ------
        GaveUp
            When a call failed in a way that may pass; what is not noted was not handed over.
        """
        fit: list[tuple[Arrival, dict[str, Any]]] = []
        for arrival in call:
            said = say(arrival.event)
            if isinstance(said, Refusal):
                handed.refused.append((arrival, said))
            else:
                fit.append((arrival, said))
        if fit:
            self._put(fit, handed)

    def _put(self, events: Sequence[tuple[Arrival, dict[str, Any]]], handed: Handed) -> None:
        event = events[0][0].event
        about: dict[str, Any] = {"sessionId": session_of(event)}
        if event.user_id is not None:
            about["userId"] = event.user_id
        listed: Any = [said for _, said in events]
        put: Callable[[], Any] = lambda: self.client.put_events(  # noqa: E731
            trackingId=self.tracking_id, eventList=listed, **about
        )
        try:
            insist(put, self.patience)
        except Refused as error:
            if _is_about_tracker(str(error), listed):
                raise TrackerUnknown(str(error)) from error
            if len(events) > 1:
                middle = len(events) // 2
                self._put(events[:middle], handed)
                self._put(events[middle:], handed)
            else:
                refusal = _refuse(event, "refused_by_tracker", "", f"must be taken by the event tracker: {error}")
                handed.refused.append((events[0][0], refusal))
        else:
            handed.calls += 1
            handed.forwarded.extend(arrival for arrival, _ in events)


def _is_about_tracker(message: str, listed: Sequence[dict[str, Any]]) -> bool:
    """Say whether a refusal is about the tracking id: it names it, and is not just repeating what an event says."""
    repeated = _ABOUT_TRACKER.search(msgspec.json.encode(listed).decode())
    return _ABOUT_TRACKER.search(message) is not None and repeated is None


def say(event: Event) -> dict[str, Any] | Refusal:
    """Say an event in the tracker's words.

    Parameters
    ----------
    event
        The event, with its id.

    Returns
    -------
    dict or Refusal
        An element of `eventList`; or why the tracker would not take it.
    """
    said: dict[str, Any] = {
        # Personalize uses only the first of several events of one id, so handing over twice is harmless.
        # https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html (eventId)
        "eventId": event.event_id,
        "eventType": event.event_type,
        "sentAt": event.timestamp,
        "itemId": event.item_id,
        "eventValue": event.event_value,
        "recommendationId": event.recommendation_id,
        "impression": event.impression,
    }
    said = {name: value for name, value in said.items() if value is not None}
    if event.properties:
        properties = _say_properties(event, event.properties)
        if isinstance(properties, Refusal):
            return properties
        said["properties"] = properties
    if len(msgspec.json.encode(said)) > MAX_EVENT_BYTES:
        return _refuse(event, "too_large", "", f"must be at most {MAX_EVENT_BYTES} bytes as the event tracker takes it")
    return said


def _say_properties(event: Event, properties: Mapping[str, object]) -> str | Refusal:
    named: dict[str, object] = {}
    for name, value in properties.items():
        camel = _WORD_START.sub(lambda match: match[1].upper(), name)
        if camel.lower() in FORBIDDEN_PROPERTIES:
            return _refuse(event, "unknown_value", f"properties.{name}", "must not repeat a field of the event")
        if camel in named:
            return _refuse(event, "unknown_value", f"properties.{name}", f"must not become {camel}, as another does")
        named[camel] = value
    said = msgspec.json.encode(named).decode()
    if len(said) > MAX_PROPERTIES_CHARACTERS:
        return _refuse(event, "too_large", "properties", f"must be at most {MAX_PROPERTIES_CHARACTERS} characters")
    return said


def _refuse(event: Event, reason: str, name: str, rule: str) -> Refusal:
    return Refusal(reason, (FieldError(name, rule),), write_event(event))
