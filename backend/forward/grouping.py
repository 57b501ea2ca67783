"""Events grouped into PutEvents calls: one user and session each, in order of time, as many as a call accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from backend.forward.reading import ReceivedEvent

# https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html (eventList)
MAX_EVENTS_PER_CALL = 10

Call = list["ReceivedEvent"]
"""The events of one call: of one user and session, in order of time."""


def group_into_calls(events: Iterable[ReceivedEvent]) -> list[list[Call]]:
    """Group events by user, then into calls.

    Parameters
    ----------
    events
        Events in the order of the stream.

    Returns
    -------
    list[list[Call]]
        One list per user. Its calls are to be made one after another; the lists do not depend on each other. Events
        of the same time stay in the order of the stream.
    """
    users: dict[object, list[ReceivedEvent]] = {}
    for received in events:
        event = received.event
        # A tuple never equals a string, so a session id cannot collide with an equal user id.
        user = event.user_id if event.user_id is not None else (event.session_id,)
        own = users.get(user)
        if own is None:
            users[user] = [received]
        else:
            own.append(received)
    return [_calls_of(own) for own in users.values()]


def _calls_of(events: list[ReceivedEvent]) -> list[Call]:
    events.sort(key=_time_of)
    sessions = [received.event.session_id for received in events]
    if sessions.count(sessions[0]) == len(sessions):
        return [events[start : start + MAX_EVENTS_PER_CALL] for start in range(0, len(events), MAX_EVENTS_PER_CALL)]
    calls: list[Call] = []
    call: Call = []
    for received, session_id in zip(events, sessions, strict=True):
        if not call or len(call) == MAX_EVENTS_PER_CALL or call[0].event.session_id != session_id:
            call = []
            calls.append(call)
        call.append(received)
    return calls


def _time_of(received: ReceivedEvent) -> datetime:
    return received.event.timestamp
