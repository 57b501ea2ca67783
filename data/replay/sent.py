"""The books of a replay: what was sent and what the door said to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Sent:
    """What became of the events of a replay.

    Attributes
    ----------
    sent
        Events that got an answer, each counted once however often it had to be sent.
    accepted, suppressed
        Events taken, and events not stored for want of consent.
    refused
        Events refused, by reason.
    requests
        Requests answered.
    retries
        Requests sent again after a 429, a 5xx or a broken connection.
    seconds
        How long the replay took.
    """

    sent: int = 0
    accepted: int = 0
    suppressed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0

    @property
    def unaccounted(self) -> int:
        """Events without an outcome; anything but 0 is an error of the door or of these books."""
        return self.sent - self.accepted - self.suppressed - sum(self.refused.values())

    def as_dict(self) -> dict[str, object]:
        """Return the books in a form that JSON can hold."""
        return {
            "sent": self.sent,
            "accepted": self.accepted,
            "suppressed": self.suppressed,
            "refused": dict(sorted(self.refused.items())),
            "unaccounted": self.unaccounted,
            "requests": self.requests,
            "retries": self.retries,
            "seconds": round(self.seconds, 3),
        }
