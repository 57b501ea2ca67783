"""The interface between a client and a transport: events that wait, and the verdict on each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from backend.contract.refusal import FieldError  # noqa: TC001 - the struct needs its fields' types

if TYPE_CHECKING:
    from collections.abc import Sequence

Status = Literal["accepted", "refused", "suppressed", "retry"]


class Entry(msgspec.Struct, gc=False):
    """An event that waits for its delivery.

    Attributes
    ----------
    payload
        Its JSON; any bytes where the client does not validate.
    user
        The user or session whose events stay in order; empty where it is unknown.
    number
        Position in the order of sending.
    queued_at
        Seconds of the monotonic clock.
    is_json
        Whether the payload is one JSON text, so that it can share a request with others.
    is_stamped
        Whether its timestamp is the client's own, not the caller's.
    segment
        The file of the spool that holds it.
    """

    payload: bytes
    user: str
    event_id: str | None
    number: int = 0
    queued_at: float = 0.0
    is_json: bool = True
    is_stamped: bool = False
    segment: Any = None


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """The outcome of one event, with the reason in one word and the broken rules where it was refused."""

    status: Status
    event_id: str | None = None
    reason: str | None = None
    errors: tuple[FieldError, ...] = ()


RETRY = Verdict("retry")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why events could not be delivered.

    Attributes
    ----------
    message
        A sentence for the log, without key and payload.
    is_permanent
        Whether a retry succeeds only after a change of the key, the address or the rights.
    """

    message: str
    is_permanent: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one batch.

    Attributes
    ----------
    verdicts
        One per event, in order; `retry` where there is none.
    problem
        Why some have the verdict `retry`.
    retry_after
        Least seconds before the next attempt.
    is_refused_as_a_whole
        Whether the batch was refused, although the cause may be one event: it is sent again in halves.
    clock_offset
        Seconds by which the server's clock is ahead of this machine's; None where it is unknown.
    """

    verdicts: Sequence[Verdict]
    problem: Problem | None = None
    retry_after: float = 0.0
    is_refused_as_a_whole: bool = False
    clock_offset: float | None = None


class Transport(Protocol):
    """Delivers batches; used by one thread at a time."""

    @property
    def batch_events(self) -> int:
        """Most events of a batch."""

    @property
    def batch_bytes(self) -> int:
        """Most bytes of a batch's payloads, separators included."""

    def deliver(self, batch: Sequence[Entry], seconds: float | None) -> Answer:
        """Send a batch once, and wait for the answer at most so many seconds where they are given."""

    def close(self) -> None:
        """Close connections; the next batch opens another. Safe in a forked child, whose parent keeps its own."""
