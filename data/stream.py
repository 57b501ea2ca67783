"""A clickstream as its producers send it, with the outcome that is expected for each event."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ACCEPTED = "accepted"
SUPPRESSED = "no_consent"


class RawEvent(NamedTuple):
    """One event as the bytes that its producer sends.

    Attributes
    ----------
    payload
        JSON as a rule; any bytes where the event is invalid.
    user
        The event's user or session; a user's events must arrive in order.
    arrival_ms
        Arrival time at the API, milliseconds since 1970 UTC.
    outcome
        `accepted`, `no_consent`, or the reason for which the contract refuses the event.
    event_key
        Identifies the event; two events with the same key are one event sent twice.
    is_json
        False where the payload is not a JSON text, so that it cannot share a request with others.
    is_late
        True where the event arrives long after its own timestamp.
    line
        Number of its line in the file that it was read from, from 1; 0 where there is no single file.
    rule
        The field and the rule for which a loader expects the event to be refused.
    """

    payload: bytes
    user: str
    arrival_ms: int
    outcome: str
    event_key: str
    is_json: bool = True
    is_late: bool = False
    line: int = 0
    rule: str = ""


@dataclass
class ExpectedOutcomes:
    """Numbers of a stream's events by the outcome that is expected at the API.

    Attributes
    ----------
    sent
        Events in the stream, so `accepted + suppressed + sum(refused.values())`.
    accepted
        Events that the contract accepts, repeats included.
    repeats
        Accepted events that were accepted before under the same event id; `accepted - repeats` reach the data sets.
    """

    sent: int = 0
    accepted: int = 0
    repeats: int = 0
    suppressed: int = 0
    late: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def distinct(self) -> int:
        """Accepted events after deduplication."""
        return self.accepted - self.repeats

    def as_dict(self) -> dict[str, object]:
        """Return the counts as JSON values."""
        return {
            "sent": self.sent,
            "accepted": self.accepted,
            "repeats": self.repeats,
            "distinct": self.distinct,
            "late": self.late,
            "suppressed": self.suppressed,
            "refused": dict(sorted(self.refused.items())),
        }


class OutcomeCounter:
    """Counts events by outcome during a pass, so that a long stream is read only once."""

    def __init__(self) -> None:
        self.expected = ExpectedOutcomes()
        self._seen: set[bytes] = set()

    def add(self, event: RawEvent) -> None:
        """Count one event."""
        expected = self.expected
        expected.sent += 1
        if event.outcome == SUPPRESSED:
            expected.suppressed += 1
        elif event.outcome != ACCEPTED:
            expected.refused[event.outcome] += 1
        else:
            expected.accepted += 1
            expected.late += event.is_late
            # Ten bytes of a hash in place of the key: millions of events fit into a few hundred megabytes.
            digest = hashlib.blake2b(event.event_key.encode(errors="surrogatepass"), digest_size=10).digest()
            if digest in self._seen:
                expected.repeats += 1
            else:
                self._seen.add(digest)


class Stream:
    """Items, users and events that can be iterated any number of times.

    Parameters
    ----------
    items, users
        Functions that start a new pass over the records for POST /update-data.
    events
        Function that starts a new pass over the events, in order of arrival.
    size
        Number of events, where it is available without a pass.
    """

    def __init__(
        self,
        *,
        items: Callable[[], Iterable[dict[str, object]]],
        users: Callable[[], Iterable[dict[str, object]]],
        events: Callable[[], Iterable[RawEvent]],
        name: str,
        size: int | None = None,
    ) -> None:
        self.name = name
        self.size = size
        self._items = items
        self._users = users
        self._events = events
        self._expected: ExpectedOutcomes | None = None

    @property
    def items(self) -> Iterator[dict[str, object]]:
        """A new pass over the items."""
        return iter(self._items())

    @property
    def users(self) -> Iterator[dict[str, object]]:
        """A new pass over the users."""
        return iter(self._users())

    @property
    def events(self) -> Iterator[RawEvent]:
        """A new pass over the events; a pass that reaches the end leaves the counts in `expected`."""
        counter = OutcomeCounter()
        for event in self._events():
            counter.add(event)
            yield event
        self._expected = counter.expected
        self.size = counter.expected.sent

    @property
    def expected(self) -> ExpectedOutcomes:
        """The expected outcomes; needs a pass of its own unless an earlier pass reached the end."""
        if self._expected is None:
            for _ in self.events:
                pass
        if self._expected is None:
            raise AssertionError("a complete pass over the events sets the expected outcomes")
        return self._expected
