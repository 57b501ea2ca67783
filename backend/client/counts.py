"""The numbers of a client's events by outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.contract.refusal import FieldError


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of events of this process: `sent` is the sum of the other outcomes and of those that are pending.

    Attributes
    ----------
    sent
        Events that `send` took, and those that were read again from the spool.
    accepted
        Stored: the API, or Kinesis, confirmed it.
    refused
        Broke the contract.
    suppressed
        Denied consent; such an event is stored nowhere.
    dropped
        Not taken, since the queue was full.
    lost
        Not confirmed within the deadline or before the client was closed.
    pending
        Without an outcome yet, in memory or in the spool.
    requests, retries
        Requests that were made, and attempts after which events had to be sent again.
    problem
        Why events are pending; None where the last request had no problem.
    """

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    suppressed: int = 0
    dropped: int = 0
    lost: int = 0
    pending: int = 0
    requests: int = 0
    retries: int = 0
    problem: str | None = None

    @property
    def unaccounted(self) -> int:
        """Events without an outcome or with more than one; any value but 0 is a fault of the client."""
        outcomes = self.accepted + self.refused + self.suppressed + self.dropped + self.lost
        return self.sent - outcomes - self.pending


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event that broke the contract, with the reason in one word and the broken rules."""

    payload: bytes
    event_id: str | None
    reason: str
    errors: tuple[FieldError, ...] = ()
