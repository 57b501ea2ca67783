"""The user and session ids of an event at the tracker and in the history.

The stream only names an event, by its user or its session, and stitches nothing. The rule of
`backend.contract.rules.identity` is applied where all events of a session are: by the recommender and the data sets.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from backend.contract.rules.identity import name_session

if TYPE_CHECKING:
    from backend.contract import Event


def user_of(event: Event) -> str:
    """Return the user id, or the id from `session_of` where the event has none."""
    return session_of(event) if event.user_id is None else event.user_id


def session_of(event: Event) -> str:
    """Return the session id for the tracker, which is the user id of an anonymous event as well.

    The tracker requires a session, so a user without one has a permanent session: the digest of the user id, which no
    session id equals.
    """
    if event.session_id is None:
        return hashlib.sha256(str(event.user_id).encode()).hexdigest()
    return name_session(event.session_id)
