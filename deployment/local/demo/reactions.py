"""Requests recommendations, clicks, and requests them again: which items moved, and how soon."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.client import Client
from deployment.local.demo.api import NotFoundError, quoted
from deployment.local.demo.errors import DemoError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection

    from deployment.local.demo.api import Api

SHOWN = 8
_CLICKS = 3
_POLL_SECONDS = 0.05
TIMEOUT_SECONDS = 30.0
"""How long a change is waited for."""

_HISTORY = 100
"""As many events of a user as the API answers."""


@dataclass(frozen=True)
class Reaction:
    """The effect of a few clicks on one user's recommendations.

    Parameters
    ----------
    before, after
        Recommended items, best first.
    seconds
        From the response to the clicks until the first different recommendation; None if there was none.
    because
        The strongest explanation of each item of `after`, such as `item:<id>`; empty where there is none.
    """

    user: str
    clicked: list[str]
    before: list[str]
    after: list[str]
    seconds: float | None
    because: list[str]

    def moves(self) -> list[str]:
        """Return for each item of `after` how its position changed."""
        places = {item: place for place, item in enumerate(self.before)}
        moves = []
        for place, item in enumerate(self.after):
            if item not in places:
                moves.append("new")
            elif places[item] == place:
                moves.append("=")
            else:
                moves.append(f"{'▲' if places[item] > place else '▼'} {abs(places[item] - place)}")
        return moves


def react(api: Api, user: str, taste: int = 0) -> Reaction:
    """Request a user's recommendations, send a few clicks on other items, and poll until the recommendations differ.

    Parameters
    ----------
    user
        A user, known or new; a new user gets the popular items at first.
    taste
        Index of the popular item that the user likes: users of different tastes click different items.
    """
    before = _recommended(api, user)
    clicked = choose_clicks(api, {*before, *_interacted(api, user)}, taste) or before[-_CLICKS:]
    _click(api, user, clicked)
    seconds = _seconds_until_changed(api, user, before)
    # The first change may follow from the first click alone; the result shows the effect of all clicks.
    time.sleep(1)
    answer = request_recommendations(api, user, SHOWN, explain="true")
    return Reaction(
        user, clicked, before, _items(answer), seconds, [_strongest_reason(entry) for entry in answer["items"]]
    )


def busiest_users(counts: Counter[str], known: set[str], count: int) -> list[str]:
    """Return the identified users with the most events, or new visitors where there are none.

    Parameters
    ----------
    counts
        Events by user or session.
    known
        Ids of users, which exclude anonymous sessions.
    """
    busy = [user for user, _ in counts.most_common() if user in known][:count]
    return busy or [f"visitor-{number}" for number in range(1, count + 1)]


def _click(api: Api, user: str, items: list[str]) -> None:
    session = f"demo-{time.time_ns()}"
    with Client(api.url, api.key) as producer:
        for item in items:
            producer.send({"event_type": "Click", "user_id": user, "session_id": session, "item_id": item})
        counts = producer.flush()
    if counts.accepted != len(items):
        raise DemoError(f"{counts.accepted} of {len(items)} clicks were accepted: {counts.problem or counts}.")


def _seconds_until_changed(api: Api, user: str, before: list[str]) -> float | None:
    started = time.monotonic()
    while time.monotonic() - started < TIMEOUT_SECONDS:
        if _recommended(api, user) != before:
            return time.monotonic() - started
        time.sleep(_POLL_SECONDS)
    return None


def _recommended(api: Api, user: str) -> list[str]:
    return _items(request_recommendations(api, user, SHOWN))


def request_recommendations(api: Api, user: str, count: int, **more: str) -> dict[str, Any]:
    """Return the answer with so many items for a user, or with the popular items where the user is unknown."""
    try:
        return api.get(f"/recommendations/{quoted(user)}", num_results=count, **more)
    except NotFoundError:
        return api.get("/popular", num_results=count, **more)


def _strongest_reason(entry: dict[str, Any]) -> str:
    """Return the explanation with the largest weight, other than `rest`, the sum of all smaller ones."""
    reasons = [reason for reason in entry.get("because", []) if reason["name"] != "rest"]
    return str(max(reasons, key=lambda reason: float(reason["weight"]))["name"]) if reasons else ""


def choose_clicks(api: Api, known: Collection[str], taste: int) -> list[str]:
    """Return a popular item and items that are similar to it, none of them known; an empty list where there are none.

    Parameters
    ----------
    known
        Items that are recommended, or that the user has interacted with, which would change nothing: those that the
        demonstration clicked when it ran before are the user's latest.
    """
    others = [item for item in _items(api.get("/popular", num_results=50)) if item not in known]
    for popular in others[taste:]:
        alike = _items(api.get(f"/similar-items/{quoted(popular)}", num_results=20))
        fresh = [item for item in alike if item not in known and item != popular]
        if len(fresh) >= _CLICKS - 1:
            return [popular, *fresh[: _CLICKS - 1]]
    return []


def _interacted(api: Api, user: str) -> list[str]:
    try:
        events = api.get(f"/users/{quoted(user)}/history", num_results=_HISTORY)["events"]
    except NotFoundError:
        return []
    return [event["item_id"] for event in events]


def _items(answer: dict[str, Any]) -> list[str]:
    return [entry["item_id"] for entry in answer["items"]]
