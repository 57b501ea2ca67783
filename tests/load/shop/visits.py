"""Visits to the shop: the requests that its pages send, in their order, of many visitors at once."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING

from backend.contract import write_instant
from backend.contract.rules.identity import name_session
from data.generator.sessions import CURRENCY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data.generator.users import User
    from tests.load.shop.requests import Request, RequestBuilder
    from tests.load.shop.users import Shop

VISITORS_AT_ONCE = 100
USUAL = 20  # requests of a visit
ROW, PAGE = 12, 24  # products in a row and on a page of the catalogue, as backend/web/shop/state has them
_LISTED: dict[str, object] = {"num_results": ROW, "details": "true"}

# How many visitors have no log-in, and how often a visitor searches, looks at a further product, puts it into the
# basket, buys it, and chooses five products.
_NEW, _SEARCHES, _LOOKS_ON, _ADDS, _BUYS, _CHOOSES = 0.2, 0.3, 0.7, 0.2, 0.5, 0.3


@dataclass(frozen=True)
class Visitor:
    """Who visits: a user, or a visitor without a log-in."""

    user: User
    session_id: str
    is_new: bool

    @property
    def subject(self) -> str:
        """The user id, or the name of the session."""
        return name_session(self.session_id) if self.is_new else self.user.user_id

    @property
    def identity(self) -> dict[str, object]:
        """The fields by which an event names the visitor."""
        fields: dict[str, object] = {"session_id": self.session_id, "device": self.user.devices[0][0]}
        return fields if self.is_new else {"user_id": self.user.user_id, **fields}

    @property
    def note(self) -> str:
        """What is special about a request for the visitor."""
        return "new visitor" if self.is_new else ""


class Visits:
    """The requests of a hundred visitors who take turns at random; each who leaves is followed by another."""

    def __init__(self, shop: Shop, build: RequestBuilder, seed: int = 0) -> None:
        self._shop = shop
        self._sample = shop.sample
        self._build = build
        self._rng = random.Random(seed)
        # The first visitors are in the midst of their visits.
        self._visits: list[Iterator[Request]] = [
            islice(self._visit(), self._rng.randrange(USUAL), None) for _ in range(VISITORS_AT_ONCE)
        ]

    def next(self, count: int) -> list[Request]:
        """Return the next requests; their events have the time of now."""
        requests: list[Request] = []
        while len(requests) < count:
            place = self._rng.randrange(VISITORS_AT_ONCE)
            request = next(self._visits[place], None)
            if request is None:
                self._visits[place] = self._visit()
            else:
                requests.append(request)
        return requests

    def _visit(self) -> Iterator[Request]:
        rng, build = self._rng, self._build
        user = rng.choice(self._sample)
        session_id = f"session-{rng.getrandbits(64):016x}"
        visitor = Visitor(user, session_id, is_new=rng.random() < _NEW)
        yield from self._home(visitor)
        if rng.random() < _SEARCHES:
            category = self._shop.catalogue.categories[user.favourite(1.0, rng)][1]
            yield build.get("/products", query={"search": category.split()[0].lower(), "num_results": PAGE})
            yield self._post(visitor, {"event_type": "Search", "properties": {"words": category.lower()}})
        if rng.random() < _CHOOSES:
            yield self._choose_five(user)
        item = self._shop.catalogue.by_category[user.favourite(1.0, rng)].draw(rng)
        while True:
            yield from self._look(visitor, item)
            if rng.random() > _LOOKS_ON:
                return
            item = self._shop.catalogue.companions[item].draw(rng)

    def _home(self, visitor: Visitor) -> Iterator[Request]:
        yield self._for_you(visitor)
        yield self._build.get("/popular", query={**_LISTED, "slot": "popular"})
        status = HTTPStatus.NOT_FOUND if visitor.is_new else HTTPStatus.OK
        history = ("/users/{user_id}/history", visitor.subject)
        yield self._build.get(*history, query={"num_results": 1}, note=visitor.note, status=status)
        yield self._build.get("/products", query={"num_results": PAGE})
        yield self._post(visitor, self._seen("for-you"), self._seen("popular"))

    def _look(self, visitor: Visitor, item: int) -> Iterator[Request]:
        """Click on a product, of which the visitor's list changes; its page; sometimes the basket and a purchase."""
        rng, build = self._rng, self._build
        product = self._shop.catalogue.items[item]
        fields = {"item_id": product.item_id}
        yield self._post(visitor, {"event_type": "Click", "position": 1 + rng.randrange(ROW), **fields})
        yield self._for_you(visitor)
        yield build.get("/products/{item_id}", product.item_id)
        yield build.get("/similar-items/{item_id}", product.item_id, query={**_LISTED, "slot": "because"})
        yield self._post(visitor, {"event_type": "View", **fields}, self._seen("because"))
        if rng.random() < _ADDS:
            line = {**fields, "quantity": 1, "event_value": product.price, "currency": CURRENCY}
            yield self._post(visitor, {"event_type": "AddToCart", **line})
            if rng.random() < _BUYS:
                order = {"order_id": f"order-{rng.getrandbits(64):016x}"}
                yield self._post(visitor, {"event_type": "Purchase", **line, **order})

    def _for_you(self, visitor: Visitor) -> Request:
        """Ask for the visitor's list, which for a new visitor is popular items."""
        query = {**_LISTED, "explain": "true", "fallback": "popular", "slot": "for-you"}
        return self._build.get("/recommendations/{user_id}", visitor.subject, query=query, note=visitor.note)

    def _choose_five(self, user: User) -> Request:
        interest = self._shop.catalogue.categories[user.before[0]][1]
        chosen: dict[str, object] = {"items": self._draw(5)}
        facts: dict[str, object] = {"facts": {"age_group": user.age_group, "interests": [interest]}}
        note, body = self._rng.choice([("five items", chosen), ("facts", facts), ("both", chosen | facts)])
        return self._build.post("/recommendations", {**body, "num_results": ROW, "details": True}, note=note)

    def _seen(self, slot: str) -> dict[str, object]:
        return {"event_type": "Impression", "impression": self._draw(ROW), "slot": slot}

    def _draw(self, count: int) -> list[str]:
        return [item.item_id for item in self._rng.sample(self._shop.catalogue.items, count)]

    def _post(self, visitor: Visitor, *events: dict[str, object]) -> Request:
        now = write_instant(datetime.now(UTC))
        return self._build.post_events(
            {"event_id": f"{self._rng.getrandbits(128):032x}", "timestamp": now, **visitor.identity, **event}
            for event in events
        )
