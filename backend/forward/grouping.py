"""Events in calls: one user and session each, in the order they happened, as many as one call takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from backend.forward.reading import Arrival

# https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html (eventList)
MAX_EVENTS_PER_CALL = 10

Call = list["Arrival"]
"""What goes into one call: events of one person and session, in the order they happened."""


def group(arrivals: Iterable[Arrival]) -> list[list[Call]]:
    """Sort events by user, then into calls.

    Parameters
    ----------
    arrivals
        Events in the order of the stream.

    Returns
    -------
    list[list[Call]]
        One list per user, whose calls are to be made one after another; the lists do not depend on each other.
        Events of the same time keep the order of the stream.
    """
    users: dict[object, list[Arrival]] = {}
    for arrival in arrivals:
        event = arrival.event
        # A tuple never equals a string, so no session is taken for a user of the same name.
        user = event.user_id if event.user_id is not None else (event.session_id,)
        found = users.get(user)
        if found is None:
            users[user] = [arrival]
        else:
            found.append(arrival)
    return [_cut(user) for user in users.values()]


def _cut(arrivals: list[Arrival]) -> list[Call]:
    arrivals.sort(key=_time_of)
    calls: list[Call] = []
    for arrival in arrivals:
        call = calls[-1] if calls else None
        if call and len(call) < MAX_EVENTS_PER_CALL and call[0].event.session_id == arrival.event.session_id:
            call.append(arrival)
        else:
            calls.append([arrival])
    return calls


def _time_of(arrival: Arrival) -> datetime:
    return arrival.event.timestamp
