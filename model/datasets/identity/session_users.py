"""The users of sessions in order of time, for more events than fit in memory.

The rule is that of `backend.contract.rules.identity`, which the engine's image does not hold: an event without a user
belongs to the user identified last before it in its session, in the order (time, event id), and before the first log-in
to the user identified first.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

SESSION_PREFIX = "session#"
"""Begins the user id of a session without a user in the data sets, and the id of each session that the stream sends."""


class SessionEvent(Protocol):
    """What the rule reads of an event."""

    @property
    def user_id(self) -> str | None: ...  # noqa: D102
    @property
    def session_id(self) -> str | None: ...  # noqa: D102


AnyEvent = TypeVar("AnyEvent", bound=SessionEvent)


class SessionUsers(Generic[AnyEvent]):
    """The users of sessions; takes memory by session, and by event only for sessions of several users.

    Parameters
    ----------
    read : callable
        Returns all events that identify users; called again if a session has several users.
    place : callable
        Returns the time and the id of an event, by which events are ordered.
    """

    def __init__(self, read: Callable[[], Iterable[AnyEvent]], place: Callable[[AnyEvent], tuple[Any, str]]) -> None:
        self._place = place
        self._user_of: dict[str, str] = {}
        self._changes: dict[str, list[tuple[Any, str]]] = {}  # of sessions with several users: (place, user)
        for event in read():
            if event.session_id is not None and event.user_id is not None:
                known = self._user_of.setdefault(event.session_id, event.user_id)
                if known != event.user_id:
                    self._changes[event.session_id] = []
        if self._changes:
            self._read_changes(read())

    def _read_changes(self, events: Iterable[AnyEvent]) -> None:
        for event in events:
            changes = self._changes.get(event.session_id or "")
            if changes is not None and event.user_id is not None:
                changes.append((self._place(event), event.user_id))
        for session, changes in self._changes.items():
            changes.sort()
            self._user_of[session] = changes[0][1]

    def first_of(self, session_id: str) -> str | None:
        """Return the user who was identified first in a session; None if no user was."""
        return self._user_of.get(session_id)

    def shared_sessions_of(self, user_ids: Collection[str]) -> set[str]:
        """Return the sessions whose first user is one of some users, of those with several that a data set can name."""
        shared = (session for session in self._changes if session.startswith(SESSION_PREFIX))
        return {session for session in shared if self._user_of[session] in user_ids}

    def of_event(self, event: AnyEvent) -> str | None:
        """Return the user of an event; None if it has none and no user was identified in its session."""
        if event.user_id is not None or event.session_id is None:
            return event.user_id
        changes = self._changes.get(event.session_id)
        before = bisect_left(changes, (self._place(event), "")) if changes else 0
        return changes[before - 1][1] if changes and before else self._user_of.get(event.session_id)
