"""Resolves each logged event to its user or session in order of arrival, as `InteractionStore`."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model.engine.storage.event_log.records import EventRecord


class UserResolver:
    """Collects the events of a dataset, then resolves each of them.

    A later event may name the user of an earlier anonymous session, so no event is resolved before all were added.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._user_of: dict[str, int] = {}
        self._session_of: dict[str, int] = {}
        self._anonymous: set[int] = set()
        self._merged_into: dict[int, int] = {}  # the user that an anonymous session was merged into
        self._users = array("i")

    def add(self, event: EventRecord) -> None:
        """Add the next event."""
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
            self._merged_into[known] = user
        self._session_of[event.session_id] = user
        self._users.append(user)

    def resolve(self) -> Iterator[str]:
        """Yield the user id of each event, or its session id if no user ever logged in with the session."""
        for user in self._users:
            yield self._names[self._merged_into.get(user, user)]

    def _new(self, name: str) -> int:
        self._names.append(name)
        return len(self._names) - 1
