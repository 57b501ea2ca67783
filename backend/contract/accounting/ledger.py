"""A producer's ledger: one JSON line for each sending of an event, with what the API answered.

```json
{"sent_at": "2026-01-31T12:00:00.100Z", "answered_at": "2026-01-31T12:00:00.250Z", "outcome": "accepted",
 "event_id": "6f1c2b9a0d5e4f8891c3a7b2e4d6f801", "event_type": "View"}
```

Any producer can write it; `data/replay` does. The audit compares it with what the stages hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from backend.contract.instants import read_instant, write_instant
from backend.contract.limits import EARLIEST_INSTANT, LATEST_INSTANT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

SendingOutcome = Literal["accepted", "suppressed", "refused", "unknown"]


class LedgerEntry(msgspec.Struct, omit_defaults=True, frozen=True):
    """One sending of an event; an event that is sent twice has two.

    Attributes
    ----------
    sent_at, answered_at
        RFC 3339 in UTC: when the request began, and when its answer was there.
    outcome
        `accepted`, `suppressed` or `refused`, as the API answered; `unknown` where there was no answer at last, so that
        the event may be stored or not.
    event_id
        As the API answered it, or the producer set it; None where there is none, as in a refused body.
    reason
        Of a refusal.
    """

    sent_at: str
    answered_at: str
    outcome: SendingOutcome
    event_id: str | None = None
    event_type: str | None = None
    reason: str | None = None


class LedgerError(ValueError):
    """A line of a ledger has not the form of one; the message names it."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(LedgerEntry).decode


def ledger_line(
    outcome: SendingOutcome,
    sent_at: datetime,
    answered_at: datetime,
    *,
    event_id: str | None = None,
    event_type: str | None = None,
    reason: str | None = None,
) -> bytes:
    """Return an entry as a line with its line end."""
    entry = LedgerEntry(write_instant(sent_at), write_instant(answered_at), outcome, event_id, event_type, reason)
    return _encode(entry) + b"\n"


def read_ledger(lines: Iterable[bytes]) -> Iterator[LedgerEntry]:
    """Yield the entries of a ledger; the last line may be cut, since a producer may be killed.

    Raises
    ------
    LedgerError
        Where any other line is no entry.
    """
    broken = 0
    for number, line in enumerate(lines, 1):
        if broken:
            raise LedgerError(f"line {broken} of the ledger is no entry")
        try:
            yield _read(line)
        except (ValueError, RecursionError):  # msgspec's errors included
            if line.endswith((b"\n", b"}")):
                raise LedgerError(f"line {number} of the ledger is no entry") from None
            broken = number


def _read(line: bytes) -> LedgerEntry:
    entry = _decode(line)
    for moment in (entry.sent_at, entry.answered_at):
        if not EARLIEST_INSTANT <= read_instant(moment) <= LATEST_INSTANT:
            raise ValueError("a time must be from 1900 to 2200")
    return entry
