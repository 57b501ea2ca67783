"""The cases of the rule of identity: one table for the rule itself, Spark, the engine and the views.

The events of a case are in order of arrival. `owner` is the user of an event by the rule; `served`, where it differs,
is its user while the engine serves, which applies the rule in order of arrival. Times are whole seconds, the most that
reaches an event tracker.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

LONG_SESSION = "s" * 256


class Row(NamedTuple):
    """An event of a case; a denied one is not stored and has no owner."""

    event_id: str
    second: int
    user_id: str | None
    session_id: str | None
    owner: str | None
    served: str | None = None
    event_type: str = "View"
    consent: str = "granted"

    @property
    def served_owner(self) -> str | None:
        """The user while serving."""
        return self.served or self.owner


class Case(NamedTuple):
    """A name and events in order of arrival."""

    name: str
    rows: list[Row]

    @property
    def stored(self) -> list[Row]:
        """The events that are stored."""
        return [row for row in self.rows if row.consent != "denied"]


CASES = [
    Case(
        "a session without a log-in is a user of its own",
        [Row("a", 1, None, "s", "session#s"), Row("b", 2, None, "t", "session#t")],
    ),
    Case(
        "events before and after a log-in belong to the user",
        [Row("a", 1, None, "s", "ann"), Row("b", 2, "ann", "s", "ann"), Row("c", 3, None, "s", "ann")],
    ),
    Case(
        "of two users in a session each has the events after the own log-in, and the first those before it",
        [
            Row("a", 1, None, "s", "ann"),
            Row("b", 2, "ann", "s", "ann"),
            Row("c", 3, None, "s", "ann"),
            Row("d", 4, "bob", "s", "bob"),
            Row("e", 5, None, "s", "bob"),
        ],
    ),
    Case(
        "a user who returns to a session has the events after the return",
        [
            Row("a", 1, "ann", "s", "ann"),
            Row("b", 2, "bob", "s", "bob"),
            Row("c", 3, None, "s", "bob"),
            Row("d", 4, "ann", "s", "ann"),
            Row("e", 5, None, "s", "ann"),
        ],
    ),
    Case(
        "an event that arrives after a later log-in belongs to the user of its time",
        [Row("a", 1, "ann", "s", "ann"), Row("c", 3, "bob", "s", "bob"), Row("b", 2, None, "s", "ann", served="bob")],
    ),
    Case(
        "a log-in that arrives late counts from its time",
        [Row("a", 1, "ann", "s", "ann"), Row("c", 3, None, "s", "bob", served="ann"), Row("b", 2, "bob", "s", "bob")],
    ),
    Case(
        "a first log-in that arrives late has the events before it",
        [Row("a", 1, None, "s", "ann", served="bob"), Row("c", 3, "bob", "s", "bob"), Row("b", 2, "ann", "s", "ann")],
    ),
    Case(
        "events that arrive in reverse belong to the same users",
        [
            Row("d", 4, None, "s", "bob"),
            Row("c", 3, "bob", "s", "bob"),
            Row("b", 2, None, "s", "ann", served="bob"),
            Row("a", 1, "ann", "s", "ann"),
        ],
    ),
    Case(
        "events of the same time have the order of their ids",
        [
            Row("b", 1, "ann", "s", "ann"),
            Row("d", 1, "bob", "s", "bob"),
            Row("a", 1, None, "s", "ann", served="bob"),
            Row("c", 1, None, "s", "ann", served="bob"),
            Row("e", 1, None, "s", "bob"),
        ],
    ),
    Case(
        "the first of two log-ins of the same time is that with the lower id",
        [Row("a", 0, None, "s", "bob", served="ann"), Row("z", 1, "ann", "s", "ann"), Row("y", 1, "bob", "s", "bob")],
    ),
    Case(
        "ids are compared by code point",
        [
            Row("\uffee", 1, "ann", "s", "ann"),
            Row("\U0001f6d2", 1, "bob", "s", "bob"),
            Row("z", 2, None, "s", "bob"),
            Row("a", 0, None, "s", "ann", served="bob"),
        ],
    ),
    Case(
        "a search identifies its user",
        [
            Row("a", 1, None, "s", "ann"),
            Row("b", 2, "ann", "s", "ann", event_type="Search"),
            Row("c", 3, "bob", "s", "bob"),
            Row("d", 4, "ann", "s", "ann", event_type="Search"),
            Row("e", 5, None, "s", "ann"),
        ],
    ),
    Case(
        "an event that is no interaction identifies its user",
        [Row("a", 1, None, "s", "ann"), Row("b", 2, "ann", "s", "ann", event_type="RemoveFromCart")],
    ),
    Case(
        "an impression identifies no user and belongs to the user of its session",
        [
            Row("a", 1, "ann", "s", "ann", event_type="Impression"),
            Row("b", 2, None, "s", "session#s"),
            Row("c", 3, None, "t", "bob", event_type="Impression"),
            Row("d", 4, "bob", "t", "bob"),
            Row("e", 5, "ann", "t", "ann", event_type="Impression"),
            Row("f", 6, None, "t", "bob"),
        ],
    ),
    Case(
        "a denied event identifies no user",
        [
            Row("a", 1, "ann", "s", None, consent="denied"),
            Row("b", 2, None, "s", "session#s"),
            Row("c", 3, "bob", "t", "bob"),
            Row("d", 4, "ann", "t", None, consent="denied"),
            Row("e", 5, None, "t", "bob"),
        ],
    ),
    Case(
        "an event without a session is its user's and identifies no session",
        [Row("a", 1, "ann", None, "ann"), Row("b", 2, None, "s", "session#s"), Row("c", 3, "ann", None, "ann")],
    ),
    Case(
        "sessions of one user, and users and sessions with one name, are separate",
        [
            Row("a", 1, "ann", "s", "ann"),
            Row("b", 2, None, "t", "session#t"),
            Row("c", 3, "t", "u", "t"),
            Row("d", 4, None, "ann", "session#ann"),
        ],
    ),
    Case(
        "a session whose id would be too long is named by its digest",
        [Row("a", 1, None, LONG_SESSION, f"session#{sha256(LONG_SESSION.encode()).hexdigest()}")],
    ),
]
