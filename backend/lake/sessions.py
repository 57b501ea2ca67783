"""The rule by which events are marked as those of a bot, and how far events are from the time of their receipt."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from backend.contract import Event

MAX_EVENTS_PER_MINUTE = 120
"""More events of one session in a minute of their own time are a bot's: twice a second is too fast for a human."""

LATE_AFTER = timedelta(hours=1)
"""An event that was received later than this after its own time is counted as late."""


def find_bots(events: Iterable[Event]) -> set[str]:
    """Return the sessions, or users without one, that exceed the rate in one minute of a batch.

    A minute that is divided over several batches is judged by its part in each, so the rule finds fast bots only.
    """
    rates = Counter((session_of(event), int(event.timestamp.timestamp()) // 60) for event in events)
    return {session for (session, _), count in rates.items() if count > MAX_EVENTS_PER_MINUTE}


def session_of(event: Event) -> str:
    """Return the session of an event, or its user where it has none."""
    return event.session_id or event.user_id or ""


def delay_of(event: Event, arrived_at: datetime) -> timedelta:
    """Return the time from an event to its receipt; negative where the producer's clock is ahead."""
    return (event.received_at or arrived_at) - event.timestamp
