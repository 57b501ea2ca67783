"""The user and session ids of an event at the tracker and in the history."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.contract import Event

# https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html (sessionId)
MAX_ID_CHARACTERS = 256

# Begins the id of a user who never logged in; `scripts/transforms/events.py` builds the same ids in the data sets.
SESSION_PREFIX = "session#"


def user_of(event: Event) -> str:
    """Return the user id, or the id from `session_of` where the event has none."""
    return session_of(event) if event.user_id is None else event.user_id


def session_of(event: Event) -> str:
    """Return the session id for the tracker, which is the user id of an anonymous event as well.

    The history and the data sets use the same id for an anonymous user. The tracker requires a session, so a user
    without one has a permanent session.

    Returns
    -------
    str
        `session#` and the session id, or its digest where that would be too long; for a user without a session the
        digest of the user id, which no session id equals.
    """
    if event.session_id is None:
        return hashlib.sha256(str(event.user_id).encode()).hexdigest()
    session = SESSION_PREFIX + event.session_id
    if len(session) <= MAX_ID_CHARACTERS:
        return session
    return SESSION_PREFIX + hashlib.sha256(event.session_id.encode()).hexdigest()
