"""Under which name a user goes, at the tracker and in the history."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.contract import Event

# https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html (sessionId)
MAX_ID_CHARACTERS = 256

# How a user who never logged in is named; `scripts/transforms/events.py` names them the same in the data sets.
SESSION_PREFIX = "session#"


def user_of(event: Event) -> str:
    """Find who did it: the user, or the session as long as nobody has logged in.

    Parameters
    ----------
    event
        The event.

    Returns
    -------
    str
        The user id, or what `session_of` says.
    """
    return session_of(event) if event.user_id is None else event.user_id


def session_of(event: Event) -> str:
    """Find the session that the tracker gets, which for an anonymous event is the user as well.

    It bears the name that the history and the data sets give to an anonymous user, so that all three mean the same
    one. The tracker wants a session, so a user without any has a lasting one of their own.

    Parameters
    ----------
    event
        The event.

    Returns
    -------
    str
        `session#` and the session id, or its digest where that would be too long; for a user without a session the
        digest of the user id, so that nobody's session is taken for it.
    """
    if event.session_id is None:
        return hashlib.sha256(str(event.user_id).encode()).hexdigest()
    session = SESSION_PREFIX + event.session_id
    if len(session) <= MAX_ID_CHARACTERS:
        return session
    return SESSION_PREFIX + hashlib.sha256(event.session_id.encode()).hexdigest()
