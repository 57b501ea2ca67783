"""Ask for recommendations, click, ask again: what moved, and how soon."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from deployment.local.demo.api import NotKnown, quoted

if TYPE_CHECKING:
    from collections import Counter

    from deployment.local.demo.api import Api

SHOWN = 8
_CLICKS = 3
_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Reaction:
    """What a few clicks did to one user's recommendations.

    Parameters
    ----------
    user
        Who clicked.
    clicked
        Items clicked, in order.
    before, after
        Recommended items, best first.
    seconds
        From the answer to the clicks until the first different recommendation; none if it never came.
    because
        What speaks most for each item of `after`, such as `item:<id>`; empty where the recommender does not say.
    """

    user: str
    clicked: list[str]
    before: list[str]
    after: list[str]
    seconds: float | None
    because: list[str]

    def moves(self) -> list[str]:
        """Say of each item of `after` where it was before."""
        places = {item: place for place, item in enumerate(self.before)}
        said = []
        for place, item in enumerate(self.after):
            if item not in places:
                said.append("new")
            elif places[item] == place:
                said.append("=")
            else:
                said.append(f"{'▲' if places[item] > place else '▼'} {abs(places[item] - place)}")
        return said


def react(api: Api, user: str, taste: int = 0) -> Reaction:
    """Ask for a user's recommendations, post a few clicks on something else, and ask until the answer differs.

    Parameters
    ----------
    api
        The pipeline's API.
    user
        A user, known or new; who is new is shown the popular items at first.
    taste
        Which popular item the user takes to: users of different tastes click different things.
    """
    before = _recommended(api, user)
    clicked = _something_else(api, before, taste)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    session = f"demo-{time.time_ns()}"
    clicks = [
        {"event_type": "Click", "timestamp": now, "user_id": user, "session_id": session, "item_id": item}
        for item in clicked
    ]
    api.post("/events", clicks)
    seconds = _seconds_until_changed(api, user, before)
    # The first change may come of the first click alone; what is shown is what all of them came to.
    time.sleep(1)
    answer = _ask(api, user, explain="true")
    return Reaction(user, clicked, before, _items(answer), seconds, [_strongest(one) for one in answer["items"]])


def busiest(counts: Counter[str], known: set[str], count: int) -> list[str]:
    """Return the users with the most events among those who are known by name, or new visitors where nobody is.

    Parameters
    ----------
    counts
        Events by user or session.
    known
        Ids of users, which leaves out anonymous sessions.
    count
        How many to return.
    """
    busy = [user for user, _ in counts.most_common() if user in known][:count]
    return busy or [f"visitor-{number}" for number in range(1, count + 1)]


def _seconds_until_changed(api: Api, user: str, before: list[str]) -> float | None:
    started = time.monotonic()
    while time.monotonic() - started < _PATIENCE_SECONDS:
        if _recommended(api, user) != before:
            return time.monotonic() - started
        time.sleep(_POLL_SECONDS)
    return None


def _recommended(api: Api, user: str) -> list[str]:
    return _items(_ask(api, user))


def _ask(api: Api, user: str, **more: str) -> dict[str, Any]:
    try:
        return api.get(f"/recommendations/{quoted(user)}", num_results=SHOWN, **more)
    except NotKnown:
        return api.get("/popular", num_results=SHOWN, **more)


def _strongest(entry: dict[str, Any]) -> str:
    """Name what speaks most for an item, which `rest`, all that is left, does not tell."""
    named = [part for part in entry.get("because", []) if part["name"] != "rest"]
    return str(max(named, key=lambda part: float(part["weight"]))["name"]) if named else ""


def _something_else(api: Api, recommended: list[str], taste: int) -> list[str]:
    """Find items that belong together and are not recommended yet: a popular one and what is like it."""
    others = [item for item in _items(api.get("/popular", num_results=50)) if item not in recommended]
    for popular in others[taste:]:
        alike = [
            item for item in _items(api.get(f"/similar-items/{quoted(popular)}", num_results=20)) if item != popular
        ]
        fresh = [item for item in alike if item not in recommended]
        if len(fresh) >= _CLICKS - 1:
            return [popular, *fresh[: _CLICKS - 1]]
    return recommended[-_CLICKS:]


def _items(answer: dict[str, Any]) -> list[str]:
    return [entry["item_id"] for entry in answer["items"]]
