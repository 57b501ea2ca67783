"""Whose streamed events are, as the log tells it: the same rules as in memory (see `users`)."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from model.engine.storage.records import EventRecord


class Owners:
    """Learns whose events are, one after the other, and says it when all are known."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._user_of: dict[str, int] = {}
        self._session_of: dict[str, int] = {}
        self._anonymous: set[int] = set()
        self._given: dict[int, int] = {}  # which user the events of an anonymous session became
        self._users = array("i")

    def add(self, event: EventRecord) -> None:
        """Learn of the next event."""
        known = self._session_of.get(event.session_id)
        if event.user_id is None:
            if known is None:
                known = self._session_of[event.session_id] = self._new(event.session_id)
                self._anonymous.add(known)
            self._users.append(known)
            return
        user = self._user_of.get(event.user_id)
        if user is None:
            user = self._user_of[event.user_id] = self._new(event.user_id)
        if known is not None and known in self._anonymous:
            self._anonymous.discard(known)
            self._given[known] = user
        self._session_of[event.session_id] = user
        self._users.append(user)

    def names(self) -> Iterator[str]:
        """Yield whose each event is: a user id, or the id of a session in which nobody has ever logged in."""
        for user in self._users:
            yield self._names[self._given.get(user, user)]

    def _new(self, name: str) -> int:
        self._names.append(name)
        return len(self._names) - 1


def users_of(events: Iterable[EventRecord]) -> Iterator[str]:
    """Yield whose each event is.

    Parameters
    ----------
    events : iterable of EventRecord
        All of a dataset, oldest first; gone through before the first answer.

    Yields
    ------
    str
        See `Owners.names`.
    """
    owners = Owners()
    for event in events:
        owners.add(event)
    yield from owners.names()
