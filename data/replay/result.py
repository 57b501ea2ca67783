"""The result of a replay: the number of events by outcome."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class ReplayResult:
    """Numbers of events by outcome.

    Attributes
    ----------
    sent
        Events that got an outcome, each counted once regardless of retries.
    accepted, suppressed
        Events that were stored, and events that were not stored because consent was denied.
    withheld
        Refused events of which the API stores nothing, since their bytes may deny consent.
    requests
        Requests that were made.
    retries
        Requests after which events were sent again: a 429, a 5xx, a broken connection.
    """

    sent: int = 0
    accepted: int = 0
    suppressed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    withheld: int = 0
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0

    @property
    def unaccounted(self) -> int:
        """Number of events without an outcome; any value but 0 is an error."""
        return self.sent - self.accepted - self.suppressed - sum(self.refused.values())

    def as_dict(self) -> dict[str, object]:
        """Return the counts as JSON values."""
        return {
            "sent": self.sent,
            "accepted": self.accepted,
            "suppressed": self.suppressed,
            "refused": dict(sorted(self.refused.items())),
            "withheld": self.withheld,
            "unaccounted": self.unaccounted,
            "requests": self.requests,
            "retries": self.retries,
            "seconds": round(self.seconds, 3),
        }
