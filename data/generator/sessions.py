"""Generates the events of one visit to the shop, by a user or by a bot.

A click names the items of its list, and a list without a click leaves no event: these days have no click-through rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from data.generator.timestamps import rfc3339

if TYPE_CHECKING:
    from random import Random

    from data.generator.catalogue import Catalogue
    from data.generator.users import User

# Number of items in a list; the lower an item's position, the less often it is viewed.
SHOWN = 10
_POSITION_BIAS = tuple(1 / (1 + 0.25 * index) for index in range(SHOWN))

# Weight of an item by its origin. A companion follows from the last viewed item, which makes a session coherent;
# popular items are viewed by everyone, but match no user in particular.
FIT_COMPANION, FIT_TASTE, FIT_POPULAR = 6.0, 3.0, 1.0
FAVOURITE_BRAND = 1.6

CURRENCY = "EUR"

_CONTINUES = 0.78
# Share of the views that follow a click in a list; others come from elsewhere, such as an e-mail.
_FROM_A_LIST = 0.7
_MINUTE_MS = 60_000
_DAY_MS = 86_400_000


@dataclass(slots=True)
class EventDraft:
    """The time and the fields of an event, before identity and event id are added."""

    time_ms: int
    fields: dict[str, object]


@dataclass(frozen=True, slots=True)
class Visit:
    """The user and the start of a visit; `progress` is its position in the period, from 0 to 1."""

    user: User
    start_ms: int
    progress: float


def browse(visit: Visit, catalogue: Catalogue, rng: Random) -> list[EventDraft]:
    """Generate the events of a user's visit: searches, views, clicks, cart changes, purchases and later ratings.

    Returns
    -------
    list of EventDraft
        In order of time, except for ratings, which follow days later. `session_id` and `user_id` are not set.
    """
    time_ms = visit.start_ms
    offset = visit.user.offset_hours
    drafts: list[EventDraft] = []
    cart: list[int] = []
    current: int | None = None
    while True:
        if current is None and rng.random() < 0.3:
            drafts.append(_make_search(visit, time_ms, catalogue, rng))
            time_ms += _draw_pause_ms(rng)
        shown, weights = _compose_list(visit, current, catalogue, rng)
        if not shown:
            return drafts
        current = _choose_item(shown, weights, rng)
        time_ms = _view_item(drafts, visit, time_ms, shown, current, catalogue, rng)
        if rng.random() < visit.user.eagerness:
            cart.append(current)
            time_ms += _draw_pause_ms(rng)
            drafts.append(_make_draft(time_ms, "AddToCart", current, catalogue, offset))
        if rng.random() > _CONTINUES:
            break
        time_ms += _draw_pause_ms(rng)
    _buy_cart(drafts, visit, time_ms, cart, catalogue, rng)
    return drafts


def crawl(start_ms: int, events: int, catalogue: Catalogue, rng: Random) -> list[EventDraft]:
    """Generate a bot's burst of views: several per second, of items drawn uniformly."""
    time_ms = start_ms
    drafts = []
    for _ in range(events):
        time_ms += rng.randrange(40, 400)
        drafts.append(_make_draft(time_ms, "View", rng.randrange(len(catalogue.items)), catalogue, 0))
    return drafts


def _view_item(
    drafts: list[EventDraft],
    visit: Visit,
    time_ms: int,
    shown: list[int],
    current: int,
    catalogue: Catalogue,
    rng: Random,
) -> int:
    """Add the view of an item, mostly after a click in a list, and possibly a reaction; return the time of the last."""
    offset = visit.user.offset_hours
    if rng.random() < _FROM_A_LIST:
        click = _make_draft(time_ms, "Click", current, catalogue, offset)
        click.fields["impression"] = [catalogue.items[index].item_id for index in shown]
        click.fields["position"] = shown.index(current) + 1
        drafts.append(click)
        time_ms += rng.randrange(100, 900)
    drafts.append(_make_draft(time_ms, "View", current, catalogue, offset))
    if rng.random() < 0.035:
        time_ms += _draw_pause_ms(rng)
        drafts.append(_make_draft(time_ms, "Like" if rng.random() < 0.8 else "Dislike", current, catalogue, offset))
    elif rng.random() < 0.035:
        time_ms += _draw_pause_ms(rng)
        watch = _make_draft(time_ms, "Watch", current, catalogue, offset)
        watch.fields["event_value"] = rng.randrange(5, 120)
        drafts.append(watch)
    return time_ms


def _buy_cart(
    drafts: list[EventDraft], visit: Visit, time_ms: int, cart: list[int], catalogue: Catalogue, rng: Random
) -> None:
    """Add the purchase or removal of the items in the cart, and ratings of some purchases days later."""
    offset = visit.user.offset_hours
    order_id = f"order-{rng.getrandbits(64):016x}"
    for index in cart:
        time_ms += _draw_pause_ms(rng)
        if rng.random() < 0.1:
            drafts.append(_make_draft(time_ms, "RemoveFromCart", index, catalogue, offset))
        elif rng.random() < 0.6:
            purchase = _make_draft(time_ms, "Purchase", index, catalogue, offset)
            purchase.fields["event_value"] = catalogue.items[index].price
            purchase.fields |= {"currency": CURRENCY, "order_id": order_id, "quantity": 1 + int(rng.expovariate(2))}
            purchase.fields["properties"] = {"gift": rng.random() < 0.1}
            drafts.append(purchase)
            if rng.random() < 0.3:
                later = time_ms + int(rng.uniform(0.2, 3) * _DAY_MS)
                rating = _make_draft(later, "Rating", index, catalogue, offset)
                rating.fields["event_value"] = float(min(5, max(1, round(rng.gauss(4.1, 1)))))
                drafts.append(rating)


def _compose_list(
    visit: Visit, current: int | None, catalogue: Catalogue, rng: Random
) -> tuple[list[int], list[float]]:
    """Compose the list that is shown; return its items in order and the weight of each."""
    weight_of: dict[int, float] = {}
    if current is not None:
        companions = catalogue.companions[current]
        for _ in range(5):
            weight_of.setdefault(companions.draw(rng), FIT_COMPANION)
        weight_of.pop(current, None)
    for _ in range(6 if current is None else 3):
        category = visit.user.favourite(visit.progress, rng)
        weight_of.setdefault(catalogue.by_category[category].draw(rng), FIT_TASTE)
    if catalogue.launches and rng.random() < 0.5:
        # One of the latest launches is promoted in the list.
        newest = int(visit.progress * len(catalogue.launches)) - rng.randrange(8)
        weight_of.setdefault(catalogue.launches[max(0, newest)], FIT_POPULAR)
    while len(weight_of) < SHOWN and len(weight_of) < len(catalogue.items) - 1:
        weight_of.setdefault(catalogue.all_items.draw(rng), FIT_POPULAR)
    items = catalogue.items
    shown = [index for index in weight_of if items[index].created_ms <= visit.start_ms][:SHOWN]
    rng.shuffle(shown)
    brands = visit.user.brands
    weights = [
        weight_of[index] * bias * (FAVOURITE_BRAND if items[index].brand in brands else 1.0)
        for index, bias in zip(shown, _POSITION_BIAS, strict=False)
    ]
    return shown, weights


def _choose_item(shown: list[int], weights: list[float], rng: Random) -> int:
    chance = rng.random() * sum(weights)
    for index, reached in zip(shown, accumulate(weights), strict=True):
        if chance < reached:
            return index
    return shown[-1]


def _make_search(visit: Visit, time_ms: int, catalogue: Catalogue, rng: Random) -> EventDraft:
    category = visit.user.favourite(visit.progress, rng)
    words = catalogue.categories[category][1].lower()
    timestamp = rfc3339(time_ms, visit.user.offset_hours)
    return EventDraft(time_ms, {"event_type": "Search", "timestamp": timestamp, "properties": {"query": words}})


def _make_draft(time_ms: int, event_type: str, index: int, catalogue: Catalogue, offset_hours: int) -> EventDraft:
    item_id = catalogue.items[index].item_id
    return EventDraft(
        time_ms, {"event_type": event_type, "timestamp": rfc3339(time_ms, offset_hours), "item_id": item_id}
    )


def _draw_pause_ms(rng: Random) -> int:
    return 1_000 + int(rng.expovariate(1 / _MINUTE_MS) * 0.7)
