"""What a user does in one visit to the shop, and what a bot does."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from data.generator.moments import rfc3339

if TYPE_CHECKING:
    from random import Random

    from data.generator.catalogue import Catalogue
    from data.generator.users import User

# A list of this many items is shown; the further down an item stands, the less often it is noticed.
SHOWN = 10
_POSITION_BIAS = tuple(1 / (1 + 0.25 * place) for place in range(SHOWN))

# How well an item fits by the way it came into the list. A companion follows from the last item, which is what
# makes a session hang together; the crowd's favourites are noticed, but fit nobody in particular.
FIT_COMPANION, FIT_TASTE, FIT_CROWD = 6.0, 3.0, 1.0
FAVOURITE_BRAND = 1.6

_GOES_ON = 0.78
_MINUTE_MS = 60_000
_DAY_MS = 86_400_000


@dataclass(slots=True)
class Draft:
    """An event before it is dressed for sending: when it happens and its fields."""

    moment_ms: int
    fields: dict[str, object]


@dataclass(frozen=True, slots=True)
class Visit:
    """Who comes and when; `progress` is how far into the period, from 0 to 1."""

    user: User
    start_ms: int
    progress: float


def browse(visit: Visit, catalogue: Catalogue, dice: Random) -> list[Draft]:
    """Let a user look around: lists, items opened, put into the cart, bought and later rated.

    Returns
    -------
    list of Draft
        In order of time, but for ratings, which come days later. `session_id` and `user_id` are not set.
    """
    moment = visit.start_ms
    offset = visit.user.offset_hours
    drafts: list[Draft] = []
    cart: list[int] = []
    current: int | None = None
    while True:
        if current is None and dice.random() < 0.3:
            drafts.append(_search(visit, moment, catalogue, dice))
            moment += _pause(dice)
        shown, weights = _list_for(visit, current, catalogue, dice)
        if not shown:
            return drafts
        current = _notice(shown, weights, dice)
        moment = _look(drafts, visit, moment, shown, current, catalogue, dice)
        if dice.random() < visit.user.eagerness:
            cart.append(current)
            moment += _pause(dice)
            drafts.append(_draft(moment, "AddToCart", current, catalogue, offset))
        if dice.random() > _GOES_ON:
            break
        moment += _pause(dice)
    _check_out(drafts, visit, moment, cart, catalogue, dice)
    return drafts


def crawl(start_ms: int, events: int, catalogue: Catalogue, dice: Random) -> list[Draft]:
    """Let a bot open items in a burst, several a second and without any taste."""
    moment = start_ms
    drafts = []
    for _ in range(events):
        moment += dice.randrange(40, 400)
        drafts.append(_draft(moment, "View", dice.randrange(len(catalogue.items)), catalogue, 0))
    return drafts


def _look(
    drafts: list[Draft], visit: Visit, moment: int, shown: list[int], current: int, catalogue: Catalogue, dice: Random
) -> int:
    """Record that an item was seen in a list and perhaps opened; return when that was over."""
    offset = visit.user.offset_hours
    view = _draft(moment, "View", current, catalogue, offset)
    view.fields["impression"] = [catalogue.items[place].item_id for place in shown]
    view.fields["properties"] = {
        "position": shown.index(current),
        "device": "phone" if dice.random() < 0.6 else "desktop",
    }
    if dice.random() < 0.2:
        view.fields["recommendation_id"] = f"RID-{dice.getrandbits(96):024x}"
    drafts.append(view)
    if dice.random() < 0.7:
        moment += dice.randrange(800, 9_000)
        drafts.append(_draft(moment, "Click", current, catalogue, offset))
        if dice.random() < 0.05:
            moment += _pause(dice)
            drafts.append(_draft(moment, "Like" if dice.random() < 0.8 else "Dislike", current, catalogue, offset))
        elif dice.random() < 0.05:
            moment += _pause(dice)
            watch = _draft(moment, "Watch", current, catalogue, offset)
            watch.fields["event_value"] = dice.randrange(5, 120)
            drafts.append(watch)
    return moment


def _check_out(
    drafts: list[Draft], visit: Visit, moment: int, cart: list[int], catalogue: Catalogue, dice: Random
) -> None:
    """Buy what is in the cart, or think better of it; rate some of it after it has come."""
    offset = visit.user.offset_hours
    for place in cart:
        moment += _pause(dice)
        if dice.random() < 0.1:
            drafts.append(_draft(moment, "RemoveFromCart", place, catalogue, offset))
        elif dice.random() < 0.6:
            purchase = _draft(moment, "Purchase", place, catalogue, offset)
            purchase.fields["event_value"] = catalogue.items[place].price
            purchase.fields["properties"] = {"quantity": 1 + int(dice.expovariate(2)), "gift": dice.random() < 0.1}
            drafts.append(purchase)
            if dice.random() < 0.3:
                later = moment + int(dice.uniform(0.2, 3) * _DAY_MS)
                rating = _draft(later, "Rating", place, catalogue, offset)
                rating.fields["event_value"] = float(min(5, max(1, round(dice.gauss(4.1, 1)))))
                drafts.append(rating)


def _list_for(visit: Visit, current: int | None, catalogue: Catalogue, dice: Random) -> tuple[list[int], list[float]]:
    """Put together the list that is shown, in the order shown, and how well each item fits."""
    fits: dict[int, float] = {}
    if current is not None:
        companions = catalogue.companions[current]
        for _ in range(5):
            fits.setdefault(companions.draw(dice), FIT_COMPANION)
        fits.pop(current, None)
    for _ in range(6 if current is None else 3):
        category = visit.user.favourite(visit.progress, dice)
        fits.setdefault(catalogue.by_category[category].draw(dice), FIT_TASTE)
    if catalogue.launches and dice.random() < 0.5:
        # The newest launches have a corner of their own.
        newest = int(visit.progress * len(catalogue.launches)) - dice.randrange(8)
        fits.setdefault(catalogue.launches[max(0, newest)], FIT_CROWD)
    while len(fits) < SHOWN and len(fits) < len(catalogue.items) - 1:
        fits.setdefault(catalogue.everything.draw(dice), FIT_CROWD)
    items = catalogue.items
    shown = [place for place in fits if items[place].created_ms <= visit.start_ms][:SHOWN]
    dice.shuffle(shown)
    brands = visit.user.brands
    weights = [
        fits[place] * bias * (FAVOURITE_BRAND if items[place].brand in brands else 1.0)
        for place, bias in zip(shown, _POSITION_BIAS, strict=False)
    ]
    return shown, weights


def _notice(shown: list[int], weights: list[float], dice: Random) -> int:
    chance = dice.random() * sum(weights)
    for place, reached in zip(shown, accumulate(weights), strict=True):
        if chance < reached:
            return place
    return shown[-1]


def _search(visit: Visit, moment: int, catalogue: Catalogue, dice: Random) -> Draft:
    category = visit.user.favourite(visit.progress, dice)
    words = catalogue.categories[category][1].lower()
    moment_text = rfc3339(moment, visit.user.offset_hours)
    return Draft(moment, {"event_type": "Search", "timestamp": moment_text, "properties": {"query": words}})


def _draft(moment: int, event_type: str, place: int, catalogue: Catalogue, offset_hours: int) -> Draft:
    item_id = catalogue.items[place].item_id
    return Draft(moment, {"event_type": event_type, "timestamp": rfc3339(moment, offset_hours), "item_id": item_id})


def _pause(dice: Random) -> int:
    return 1_000 + int(dice.expovariate(1 / _MINUTE_MS) * 0.7)
