"""An event that the tracker has accepted, which is sent again to learn whether it accepts anything at the moment.

Where nothing of a batch succeeds, its result shows whether the tracker refuses some events or any event.
The tracker ignores an event id that it knows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from backend.contract import Refusal
from backend.forward.tracker import put_events_arguments, tracker_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from backend.forward.history import History
    from backend.forward.reading import ReceivedEvent

STORE_SECONDS = 60
"""It is replaced and stored so often, for execution environments that have sent nothing yet."""


@dataclass(slots=True)
class Control:
    """The latest accepted event of an execution environment, which is also stored beside the history."""

    now: Callable[[], float] = time.time
    _tracking_id: str = ""
    _arguments: Mapping[str, Any] | None = None
    _kept_at: float = 0.0

    def remember(self, accepted: ReceivedEvent, tracking_id: str) -> bool:
        """Keep an accepted event once a minute, and return whether it is to be stored."""
        if tracking_id == self._tracking_id and self.now() - self._kept_at < STORE_SECONDS:
            return False
        entry = tracker_entry(accepted.event)
        if not isinstance(entry, Refusal):
            self._arguments = put_events_arguments(accepted.event, [entry])
            self._tracking_id, self._kept_at = tracking_id, self.now()
        return True

    def store(self, history: History) -> None:
        """Store the event that it keeps."""
        history.write_control(msgspec.json.encode(self._arguments).decode(), self._kept_at)

    def arguments(self, history: History) -> Mapping[str, Any] | None:
        """Return the arguments of PutEvents for the event; None where no accepted event is known."""
        if self._arguments is None or self._tracking_id != history.tracking_id:
            self._arguments = history.read_control()
            self._tracking_id = history.tracking_id
        return self._arguments
