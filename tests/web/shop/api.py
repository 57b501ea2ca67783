"""The API that the shop's pages call: generated products, a plain recommender, and the verdicts of collect."""

from __future__ import annotations

import itertools
import json
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from backend.collect.events import post_events
from backend.http import BadRequestError, routes
from backend.http.request import read_request
from backend.recommend.catalogue.requests import read_products_request
from backend.recommend.requests.fields import read_id
from data.generator.catalogue import make_catalogue
from data.generator.settings import Settings
from tests.factories.lambda_events import CONTEXT, proxy_event
from tests.fakes.functions.front_door import FrontDoor

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

USERS = ("user-000007", "user-000019")
"""The users of the demonstration; each has looked at some products."""

SHOWN = ("item_id", "title", "category", "brand", "price", "availability")
INTERACTIONS = ("View", "Click", "AddToCart", "Purchase")
FIVE = 5
_REQUEST = read_request(proxy_event("GET", "/products"))


def make_products(count: int = 96) -> dict[str, dict[str, Any]]:
    """Return the products of a generated shop by their ids; the first ones are the popular ones."""
    catalogue = make_catalogue(Settings(items=count, until=datetime(2026, 3, 1, tzinfo=UTC)))
    records: list[dict[str, Any]] = [catalogue.record(index) for index in range(count)]
    return {record["item_id"]: record for record in records}


@dataclass
class Api:
    """The answers to the pages' requests, which a test can change.

    Attributes
    ----------
    has_model
        Whether there is a recommender; without one the lists are 503.
    broken
        The status by the beginning of a path under `/v1`; 0 closes the connection.
    """

    products: dict[str, dict[str, Any]] = field(default_factory=make_products)
    has_model: bool = True
    broken: dict[str, int] = field(default_factory=dict)
    is_open: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.is_open.set()
        self.door = FrontDoor()
        self.histories: dict[str, list[tuple[str, str, str]]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        post = lambda request: post_events(request, self.door.submission(now=datetime.now(UTC)))  # noqa: E731
        self._collect = routes({("POST", "/events"): post})
        for place, user in enumerate(USERS):
            for item_id in list(self.products)[10 + 7 * place : 14 + 7 * place]:
                self._remember(user, item_id, "View", "2026-02-28T12:00:00.000Z")

    def answer(self, method: str, address: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Return the status and the body of an answer; status 0 is that of a connection which is closed."""
        url = urlsplit(address)
        path = [unquote(part) for part in url.path.removeprefix("/v1/").split("/")]
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        content = json.loads(body) if body else None
        with self._lock:
            self.requests.append((method, url.path, content or query))
        self.is_open.wait(30)
        for beginning, status in self.broken.items():
            if "/".join(path).startswith(beginning):
                return status, _error("unavailable", "it is broken")
        try:
            with self._lock:
                return self._route(method, path, query, content)
        except BadRequestError as error:
            return 400, _error("bad_request", error.message, field=error.field, rule=error.rule)

    def stored(self, *types: str) -> list[dict[str, Any]]:
        """Return the events in the stream, those of some types only where any are named."""
        events = self.door.stream_events()
        return [event for event in events if not types or event["event_type"] in types]

    def _route(self, method: str, path: list[str], query: dict[str, str], body: Any) -> tuple[int, dict[str, Any]]:
        match (method, path):
            case "POST", ["events"]:
                return self._take(body)
            case "GET", ["products"]:
                return 200, self._list(query)
            case "GET", ["categories"]:
                return 200, {"categories": sorted({str(product["category"]) for product in self.products.values()})}
            case "GET", ["products", item_id]:
                found = self.products.get(read_id(item_id, "item_id"))
                return (200, found) if found else (404, _error("not_found", "the item is unknown"))
            case "GET", ["users", user, "history"]:
                return self._history(user, query)
        return self._recommended(method, path, query, body)

    def _recommended(
        self, method: str, path: list[str], query: dict[str, str], body: Any
    ) -> tuple[int, dict[str, Any]]:
        if not self.has_model:
            return 503, _error("unavailable", "no model is deployed")
        match (method, path):
            case "GET", ["popular"]:
                return 200, self._recommend([], query, "recommender")
            case "GET", ["recommendations", user]:
                history = [item for item, _, _ in self.histories.get(user, ())]
                source = "recommender" if history else "popular"
                return 200, self._recommend(history, query, source, leave_out={*history}, user_id=user)
            case "GET", ["similar-items", item_id]:
                return 200, self._recommend([item_id], query, "recommender", leave_out={item_id}, item_id=item_id)
            case "POST", ["recommendations"]:
                return self._choose(body)
        return 403, _error("forbidden", "the distribution forwards no such path")

    def _take(self, body: Any) -> tuple[int, dict[str, Any]]:
        before = len(self.door.stream_events())
        response = self._collect(proxy_event("POST", "/events", body), CONTEXT)
        for event in self.door.stream_events()[before:]:
            if event["event_type"] in INTERACTIONS:
                owner = event.get("user_id") or f"session#{event['session_id']}"
                if event.get("user_id"):  # the log-in joins the session
                    joined = self.histories.pop(f"session#{event.get('session_id')}", [])
                    self.histories.setdefault(owner, []).extend(joined)
                self._remember(owner, event["item_id"], event["event_type"], event["timestamp"])
        return response["statusCode"], json.loads(response["body"])

    def _remember(self, owner: str, item_id: str, kind: str, at: str) -> None:
        self.histories.setdefault(owner, []).append((item_id, kind, at))

    def _list(self, query: dict[str, str]) -> dict[str, Any]:
        asked = {name: [value] for name, value in query.items() if name != "page"}
        read_products_request(replace(_REQUEST, query=asked))
        words = query.get("search", "").casefold().split()
        least, most = float(query.get("min_price", 0)), float(query.get("max_price", "inf"))
        found = [
            product
            for product in self.products.values()
            if query.get("category") in (None, product.get("category"))
            and least <= product.get("price", 0) <= most
            and all(word in f"{product.get('title')} {product.get('brand')}".casefold() for word in words)
        ]
        start, count = int(query.get("page", 0)), int(query.get("num_results", 24))
        page = {"products": [_shown(product) for product in found[start : start + count]]}
        return page | ({"next_page": str(start + count)} if len(found) > start + count else {})

    def _history(self, user: str, query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if user not in self.histories:
            return 404, _error("not_found", "the user is unknown")
        latest = self.histories[user][::-1][: int(query.get("num_results", 25))]
        events = [{"item_id": item, "event_type": kind, "event_time": at} for item, kind, at in latest]
        return 200, {"user_id": user, "events": events}

    def _choose(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        items, facts = body.get("items"), body.get("facts") or {}
        if (items is not None and len(set(items)) != FIVE) or not (items or facts):
            return 400, _error("bad_request", "items: must be five different ids")
        source = "chosen_and_facts" if items and facts else "chosen" if items else "facts"
        liked = items or [
            item_id
            for item_id, product in self.products.items()
            if any(interest in product.get("category", "") for interest in facts.get("interests", ()))
        ]
        return 200, self._recommend(liked, {"num_results": body.get("num_results", 25)}, source, leave_out=items or ())

    def _recommend(
        self, liked: Sequence[str], query: dict[str, Any], source: str, leave_out: Iterable[str] = (), **named: str
    ) -> dict[str, Any]:
        scores: dict[str, float] = {}
        causes: dict[str, dict[str, float]] = {}
        for place, (item_id, product) in enumerate(self.products.items()):
            parts = {"popularity": 1 / (place + 3)}
            for age, other in enumerate(dict.fromkeys(reversed(liked))):
                alike = _alikeness(product, self.products.get(other, {})) * 0.7**age
                if alike:
                    parts[f"item:{other}"] = alike
            scores[item_id], causes[item_id] = sum(parts.values()), parts
        for item_id in leave_out:
            scores.pop(item_id, None)
        items = [
            {"item_id": item_id, "score": score}
            | ({"because": _shares(causes[item_id])} if query.get("explain") else {})
            | {"details": {name: self.products[item_id][name] for name in SHOWN[1:] if name in self.products[item_id]}}
            for item_id, score in _best(scores, int(query.get("num_results", 25)))
        ]
        number = next(self._numbers)
        return {**named, "items": items, "source": source, "recommendation_id": f"RID-{number}", "model": "m"} | {
            "took_ms": 1
        }


def _shown(product: dict[str, Any]) -> dict[str, Any]:
    return {name: product[name] for name in SHOWN if name in product}


def _alikeness(product: dict[str, Any], other: dict[str, Any]) -> float:
    levels, others = (each.get("category", "").split("|") for each in (product, other))
    return sum(
        0.4 * 2.0**depth for depth, (one, two) in enumerate(zip(levels, others, strict=False)) if one == two != ""
    )


def _best(scores: dict[str, float], count: int) -> list[tuple[str, float]]:
    return sorted(scores.items(), key=lambda scored: -scored[1])[:count]


def _shares(parts: dict[str, float]) -> list[dict[str, Any]]:
    total = sum(parts.values())
    return [{"name": name, "weight": round(weight / total, 4)} for name, weight in _best(parts, 5)]


def _error(code: str, message: str, **rule: str | None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **rule}, "request_id": "5f0d3f5e-2f0a-4c1e-9d1b-6f2d1f0a7c11"}
