"""The rule of identity, which Spark, the engine and the views share.

An event without a user belongs to the user identified last before it in its session; before the first log-in, to the
user identified first; in a session without a user, to `session#<id>`. The order is that of (timestamp, event id); the
engine serves by the order of arrival, since a later event cannot change an answer that was given.

The stream stitches nothing. Spark (`scripts/transforms/identity.py`) and the engine (`model/engine/storage/
interactions`) apply the rule in their own ways to the same table of cases, `tests/factories/identity/cases.py`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from backend.contract.limits import MAX_ID_LENGTH
from backend.contract.rules.event_types import FORWARDED_TYPES, IMPRESSION, SEARCH
from backend.contract.rules.placeholder_ids import SESSION_PREFIX
from backend.contract.writing import event_id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from backend.contract.generated.structs import Event


def name_session(session_id: str) -> str:
    """Return the user id of a session without a user: `session#` and its id, or its SHA-256 where that is too long."""
    name = SESSION_PREFIX + session_id
    return name if len(name) <= MAX_ID_LENGTH else SESSION_PREFIX + hashlib.sha256(session_id.encode()).hexdigest()


def identifies(event: Event) -> bool:
    """Return whether an event identifies the user of its session: a search does, an impression or denied event not."""
    has_both = event.user_id is not None and event.session_id is not None
    return has_both and event.consent != "denied" and event.event_type != IMPRESSION


def forwarded_type(event: Event) -> str | None:
    """Return the type under which the event tracker and the history get an event, or None where they do not get it.

    An event of a type that is not forwarded, but that identifies the user of its session, is sent as a `Search`: it has
    no item there, and adds no type to those that Personalize counts.
    """
    if event.event_type in FORWARDED_TYPES:
        return event.event_type
    return SEARCH if identifies(event) else None


def in_time_order(events: Iterable[Event]) -> list[Event]:
    """Return events in the order in which the rule applies to stored events: by time, and by id where times are equal.

    Ids are compared by code point, which is the order of their bytes in UTF-8.
    """
    return sorted(events, key=lambda event: (event.timestamp, event_id_of(event)))


def find_owners(events: Sequence[Event]) -> list[str]:
    """Return the user id to whom each event belongs, in the order that the events have."""
    first: dict[str | None, str] = {}
    for event in events:
        if event.user_id is not None and identifies(event):
            first.setdefault(event.session_id, event.user_id)
    latest: dict[str | None, str] = {}
    owners: list[str] = []
    for event in events:
        if event.user_id is not None:
            owners.append(event.user_id)
            if identifies(event):
                latest[event.session_id] = event.user_id
        else:
            known = latest.get(event.session_id) or first.get(event.session_id)
            owners.append(known or name_session(event.session_id or ""))
    return owners
