"""The second phase: asks for lists for many users, shows them, and clicks and buys by a stated model.

A user examines the item in place k of a list with probability 1 / (1 + 0.25 (k - 1)), and clicks an examined item with
0.05 + 0.45 times the share of the item's department in what the user has looked at: a position-based model, see
https://dl.acm.org/doi/10.1145/1341531.1341545. Of the clicked items a fifth is bought; half of these purchases name the
list, and the others are attributed to it by their click.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from backend.contract import write_instant
from backend.contract.rules.identity import name_session
from data.generator.sessions import CURRENCY
from data.stream import ACCEPTED, RawEvent, Stream
from deployment.local.demo.reactions import request_recommendations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from deployment.local.demo.api import Api

USERS = 200
LENGTH = 10
SLOT = "home-top"

_CONNECTIONS = 4
_WITHOUT_TASTE, _BY_TASTE = 0.05, 0.45
_BOUGHT, _NAMED = 0.2, 0.5
_SECONDS = {"Impression": 0, "Click": 2, "Purchase": 4}


@dataclass(frozen=True)
class ShownList:
    """An answer of the API, as it is shown to a user."""

    user: str
    answer: Mapping[str, Any]

    @property
    def items(self) -> list[str]:
        """Item ids, the first place first."""
        return [entry["item_id"] for entry in self.answer["items"]]

    @property
    def origin(self) -> dict[str, object]:
        """The fields by which an event names this list."""
        named = {name: self.answer.get(name) for name in ("recommendation_id", "model", "source")}
        return {"slot": SLOT} | {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True)
class Tastes:
    """What users of a stream have looked at.

    Attributes
    ----------
    counts
        By user, or by `session#<id>` of a session without one.
    sessions
        The sessions by these names.
    """

    departments: Mapping[str, str]
    prices: Mapping[str, object]
    counts: Mapping[str, Counter[str]]
    sessions: Mapping[str, str]

    def users(self, count: int, seed: int = 0) -> list[str]:
        """Return random users, at most `count`, in a stable order."""
        known = sorted(self.counts)
        return random.Random(seed).sample(known, min(count, len(known)))  # noqa: S311 - a sample, not a secret

    def share(self, user: str, item: str) -> float:
        """Return the share of an item's department in what a user has looked at, from 0 to 1."""
        counts = self.counts[user]
        return counts[self.departments.get(item, "")] / max(1, counts.total())


def read_tastes(stream: Stream) -> Tastes:
    """Read what the users of a stream have looked at, or what its sessions have, where it lists no users."""
    departments = {str(item["item_id"]): str(item.get("category") or "").partition("|")[0] for item in stream.items}
    prices = {str(item["item_id"]): item["price"] for item in stream.items if item.get("price") is not None}
    known = {str(user["user_id"]) for user in stream.users}
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    sessions: dict[str, str] = {}
    for event in stream.events:
        if event.outcome == ACCEPTED and (event.user in known or not known):
            fields = msgspec.json.decode(event.payload)
            user = fields.get("user_id")
            if user is None:
                user = name_session(fields["session_id"])
                sessions[user] = fields["session_id"]
            counts[user][departments.get(fields.get("item_id"), "")] += 1
    return Tastes(departments, prices, counts, sessions)


def ask(api: Api, users: list[str], on_progress: Callable[[int], None]) -> list[ShownList]:
    """Request the recommendations of users; an unknown user gets the popular items."""

    def request(user: str) -> ShownList:
        shown = ShownList(user, request_recommendations(api, user, LENGTH))
        on_progress(1)
        return shown

    with ThreadPoolExecutor(_CONNECTIONS) as threads:
        return [shown for shown in threads.map(request, users) if shown.items]


def is_clicked(rng: random.Random, position: int, taste: float) -> bool:
    """Draw whether the item at a position, from 1, is clicked by a user with this taste for it, from 0 to 1."""
    return rng.random() < 1 / (1 + 0.25 * (position - 1)) * (_WITHOUT_TASTE + _BY_TASTE * taste)


@dataclass
class Behaviour:
    """What the users did with the lists.

    Attributes
    ----------
    shown, clicked, bought
        Items by position, from 1.
    """

    events: list[RawEvent] = field(default_factory=list)
    shown: Counter[int] = field(default_factory=Counter)
    clicked: Counter[int] = field(default_factory=Counter)
    bought: Counter[int] = field(default_factory=Counter)

    @property
    def stream(self) -> Stream:
        """The events, as a stream to send."""
        return Stream(
            items=lambda: (), users=lambda: (), events=lambda: iter(self.events), name="lists", size=len(self.events)
        )


def behave(lists: list[ShownList], tastes: Tastes, seed: int = 0) -> Behaviour:
    """Return an `Impression` for each list, the clicks and the purchases."""
    rng = random.Random(seed)  # noqa: S311 - behaviour, not a secret
    behaviour = Behaviour()
    now = datetime.now(UTC)
    for shown in lists:
        visit = f"demo-{rng.getrandbits(64):016x}-{now:%H%M%S}"
        session = tastes.sessions.get(shown.user)
        identity = {"user_id": shown.user, "session_id": visit} if session is None else {"session_id": session}
        for fields in _events_of(shown, tastes, rng, behaviour):
            event_id = f"{visit}-{len(behaviour.events)}"
            moment = now + timedelta(seconds=_SECONDS[str(fields["event_type"])])
            fields |= {**identity, "event_id": event_id, "timestamp": write_instant(moment)}
            arrival = int(now.timestamp() * 1000)
            behaviour.events.append(RawEvent(msgspec.json.encode(fields), shown.user, arrival, ACCEPTED, event_id))
    return behaviour


def _events_of(
    shown: ShownList, tastes: Tastes, rng: random.Random, behaviour: Behaviour
) -> Iterator[dict[str, object]]:
    seen = {"impression": shown.items, **shown.origin}
    yield {"event_type": "Impression", **seen}
    for position, item in enumerate(shown.items, 1):
        behaviour.shown[position] += 1
        if is_clicked(rng, position, tastes.share(shown.user, item)):
            behaviour.clicked[position] += 1
            yield {"event_type": "Click", "item_id": item, "position": position, **seen}
            if rng.random() < _BOUGHT:
                behaviour.bought[position] += 1
                price = {"event_value": tastes.prices[item], "currency": CURRENCY} if item in tastes.prices else {}
                named = {"position": position, **shown.origin} if rng.random() < _NAMED else {}
                yield {"event_type": "Purchase", "item_id": item, "quantity": 1, **price, **named}
