"""A clickstream as the producers would send it, with what the door ought to say to each event."""

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
    """One event, in the bytes that its producer sends.

    Attributes
    ----------
    payload
        What goes over the wire: JSON most of the time, anything at all when the event is broken.
    user
        The user or session it belongs to; a user's events are to arrive in order.
    arrival_ms
        When it reaches the door, milliseconds since 1970 UTC. An event that is late arrives long after its own time.
    outcome
        `accepted`, `no_consent`, or the reason for which the contract refuses it.
    event_key
        What tells the event from all others; two events with one key are one event sent twice.
    is_json
        False where the payload is no JSON text, so that it cannot share a request with others.
    is_late
        True where it arrives long after its own time.
    """

    payload: bytes
    user: str
    arrival_ms: int
    outcome: str
    event_key: str
    is_json: bool = True
    is_late: bool = False


@dataclass
class Expected:
    """What a whole stream should come to at the door.

    Attributes
    ----------
    sent
        Events in the stream, so `accepted + suppressed + sum(refused.values())`.
    accepted
        Events that the contract takes, repeats included.
    repeats
        Accepted events that were accepted before under the same event id; `accepted - repeats` reach the data sets.
    suppressed
        Events whose user denied consent.
    late
        Accepted events that arrive long after their own time.
    refused
        Events the contract refuses, by reason.
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
        """Return the counts in a form that JSON can hold."""
        return {
            "sent": self.sent,
            "accepted": self.accepted,
            "repeats": self.repeats,
            "distinct": self.distinct,
            "late": self.late,
            "suppressed": self.suppressed,
            "refused": dict(sorted(self.refused.items())),
        }


class Tally:
    """Counts a stream as it passes, so that a long one needs to be read only once."""

    def __init__(self) -> None:
        self.expected = Expected()
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
            # Ten bytes of a hash instead of the key keep millions of events in a few hundred megabytes.
            digest = hashlib.blake2b(event.event_key.encode(errors="surrogatepass"), digest_size=10).digest()
            if digest in self._seen:
                expected.repeats += 1
            else:
                self._seen.add(digest)


class Stream:
    """A catalogue, its users and their events; each may be gone through as often as one likes.

    Parameters
    ----------
    items, users
        Functions that start a new pass over the records for POST /update-data.
    events
        Function that starts a new pass over the events, in order of arrival.
    name
        What it is, for users to read.
    size
        How many events there are, where that is known without a pass.
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
        self._expected: Expected | None = None

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
        tally = Tally()
        for event in self._events():
            tally.add(event)
            yield event
        self._expected = tally.expected
        self.size = tally.expected.sent

    @property
    def expected(self) -> Expected:
        """What the stream should come to; needs a pass of its own if none has reached the end yet."""
        if self._expected is None:
            for _ in self.events:
                pass
        if self._expected is None:
            raise AssertionError("a pass over the events leaves its counts")
        return self._expected
