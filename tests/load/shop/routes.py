"""Every route of the API, with the parameters that change the work, for the table of routes."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from backend.contract import write_instant
from backend.contract.limits import MAX_EVENTS_PER_REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.load.shop.requests import Request, RequestBuilder
    from tests.load.shop.users import Shop


def rounds(shop: Shop, build: RequestBuilder, training: str, count: int, seed: int = 0) -> list[Request]:
    """Return requests to all routes, one after the other, so many times, each time for other users and items.

    Parameters
    ----------
    training
        The id of a training.
    """
    rng = random.Random(f"{seed}/routes")
    return [request for _ in range(count) for request in _round(shop, build, training, rng)]


def _round(shop: Shop, build: RequestBuilder, training: str, rng: random.Random) -> Iterator[Request]:
    catalogue = shop.catalogue
    user, item = rng.choice(shop.sample), rng.choice(catalogue.items)
    department, category = catalogue.categories[item.category]
    full = {"details": "true", "explain": "true"}
    context = {"context[DEVICE]": "phone", "context[HOUR]": "20"}
    stranger = f"stranger-{rng.getrandbits(64):016x}"
    lists, unknown = "/recommendations/{user_id}", "unknown user"
    yield build.get("/health")
    yield build.get("/system-info")
    yield build.get("/categories")
    yield build.get("/models")
    yield build.get(lists, user.user_id)
    yield build.get("/products")
    yield build.get("/products", note="search", query={"search": item.kind.split()[0].lower()})
    yield build.get("/products", note="category", query={"category": f"{department}|{category}|{item.kind}"})
    yield build.get("/products/{item_id}", item.item_id)
    yield build.get(lists, user.user_id, note="again")
    yield build.get(lists, _another(shop, rng), note="details and reasons", query=full)
    yield build.get(lists, _another(shop, rng), note="filter", query={"filter": "not-bought-in-stock"})
    yield build.get(lists, _another(shop, rng), note="context", query=context)
    yield build.get(lists, _another(shop, rng), note="first of several pages", query={"page": "first"})
    yield build.get(lists, stranger, note=unknown, status=HTTPStatus.NOT_FOUND)
    yield build.get(lists, stranger, note=f"{unknown}, fallback", query={"fallback": "popular"})
    yield build.get("/similar-items/{item_id}", item.item_id, query=full)
    yield build.get("/popular", query=full)
    chosen: dict[str, object] = {"items": [each.item_id for each in rng.sample(catalogue.items, 5)]}
    facts: dict[str, object] = {
        "facts": {"age_group": user.age_group, "interests": [catalogue.categories[user.before[0]][1]]}
    }
    yield build.post("/recommendations", chosen, note="five items")
    yield build.post("/recommendations", facts, note="facts")
    yield build.post("/recommendations", chosen | facts, note="both")
    ranked = [each.item_id for each in rng.sample(catalogue.items, 25)]
    yield build.post("/rerank", {"user_id": user.user_id, "items": ranked})
    yield build.get("/users/{user_id}/history", user.user_id)
    yield build.post_events(_views(shop, rng, 1), note="one event")
    yield build.post_events(_views(shop, rng, MAX_EVENTS_PER_REQUEST), note=f"{MAX_EVENTS_PER_REQUEST} events")
    record = catalogue.record(rng.randrange(len(catalogue.items)))
    yield build.post("/update-data", {"kind": "items", "records": [record]}, status=HTTPStatus.ACCEPTED)
    upload = {"size_bytes": 1, "sha256": hashlib.sha256(b"-").hexdigest(), "content_type": "text/csv"}
    yield build.post("/uploads", upload, status=HTTPStatus.CREATED)
    yield build.get("/train/{id}", training)


def _another(shop: Shop, rng: random.Random) -> str:
    return rng.choice(shop.sample).user_id


def _views(shop: Shop, rng: random.Random, count: int) -> list[dict[str, object]]:
    now = write_instant(datetime.now(UTC))
    return [
        {
            "event_id": f"{rng.getrandbits(128):032x}",
            "event_type": "View",
            "timestamp": now,
            "user_id": _another(shop, rng),
            "session_id": f"session-{rng.getrandbits(64):016x}",
            "item_id": rng.choice(shop.catalogue.items).item_id,
        }
        for _ in range(count)
    ]
