"""Whose streamed events are, as the log tells it: the same rules as in memory (see `people`)."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.engine.records import EventRecord


def people_of(events: Iterable[EventRecord]) -> list[str]:
    """Return whose each event is.

    Parameters
    ----------
    events : iterable of EventRecord
        All of a dataset, oldest first.

    Returns
    -------
    list of str
        A user id; the session id where nobody has logged in with that session, neither before nor later.
    """
    names: list[str] = []
    user_of: dict[str, int] = {}
    session_of: dict[str, int] = {}
    anonymous: set[int] = set()
    given: dict[int, int] = {}  # which user the events of an anonymous session became
    persons = array("i")
    for event in events:
        known = session_of.get(event.session_id)
        if event.user_id is None:
            if known is None:
                known = session_of[event.session_id] = len(names)
                names.append(event.session_id)
                anonymous.add(known)
            persons.append(known)
            continue
        person = user_of.setdefault(event.user_id, len(names))
        if person == len(names):
            names.append(event.user_id)
        if known is not None and known in anonymous:
            anonymous.discard(known)
            given[known] = person
        session_of[event.session_id] = person
        persons.append(person)
    return [names[given.get(person, person)] for person in persons]
