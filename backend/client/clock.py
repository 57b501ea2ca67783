"""The time of events, corrected where this machine's clock is wrong."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from backend.contract.reading import read_event
from backend.contract.refusal import Refusal
from backend.contract.writing import write_event

if TYPE_CHECKING:
    from backend.client.transports.interface import Entry

IN_FUTURE = "in_future"

MOST_OFFSET_SECONDS = 7 * 86_400.0
"""A server whose time differs by more has a wrong clock itself, or is another service."""

_logger = logging.getLogger(__name__)


class Clock:
    """UTC, with the difference to the server's clock once an answer has shown one."""

    def __init__(self) -> None:
        self._offset = timedelta(0)
        self._has_ignored = False

    def now(self) -> datetime:
        """Return the time, as the server would."""
        return datetime.now(UTC) + self._offset

    def correct(self, offset_seconds: float) -> None:
        """Apply the server's time from now on, if it is credible; 0 where the clocks agree."""
        if not abs(offset_seconds) <= MOST_OFFSET_SECONDS:
            if not self._has_ignored:
                self._has_ignored = True
                _logger.warning("the server's clock differs by more than a week from this machine's, and is ignored")
            return
        if offset_seconds and not self._offset:
            _logger.warning(
                "this machine's clock differs by %.0f s from the server's, whose time events without a timestamp get",
                -offset_seconds,
            )
        self._offset = timedelta(seconds=offset_seconds)

    def stamp_again(self, entry: Entry, reason: str | None) -> bool:
        """Correct the client's own timestamp of a refused event; return whether it can be sent again, once."""
        if reason != IN_FUTURE or not entry.is_stamped or not self._offset:
            return False
        event = read_event(entry.payload, now=datetime.now(UTC))
        if isinstance(event, Refusal):
            return False
        event.timestamp += self._offset
        entry.payload, entry.is_stamped = write_event(event), False
        return True
