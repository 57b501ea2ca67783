"""The shop's items: a category tree, brands, prices, how popular each is and what goes with what."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from data.generator.moments import rfc3339
from data.generator.words import BRANDS, QUALITIES, TREE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from data.generator.settings import Settings

# One item in seven comes to market while the stream runs: what has no history yet must still be found.
LAUNCHED_DURING = 1 / 7
DAY_MS = 86_400_000
# Companions of an item, most fitting first; each is chosen this much less often than the one before.
COMPANIONS = 10
COMPANION_DECAY = 0.8
# Popularity falls with the rank as 1 / (rank + 3): a long tail without a single item that drowns the rest.
RANK_OFFSET = 3


@dataclass(frozen=True, slots=True)
class Item:
    """One item; `category` is its place in `Catalogue.categories`."""

    item_id: str
    title: str
    category: int
    kind: str
    brand: int
    price: float
    created_ms: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """Items to draw from, each as often as its weight says."""

    items: Sequence[int]
    cumulative: Sequence[float]

    def draw(self, dice: Random) -> int:
        """Return the place of one item in the catalogue."""
        return self.items[bisect(self.cumulative, dice.random() * self.cumulative[-1])]


@dataclass(frozen=True)
class Catalogue:
    """All items with the ways to come upon them.

    Attributes
    ----------
    items
        In no particular order; other attributes name an item by its place here.
    categories
        (department, category) pairs.
    by_category
        One shelf per category.
    everything
        The shelf of all items.
    companions
        Per item, the shelf of what users look at next.
    launches
        Items launched during the period, earliest first.
    """

    items: list[Item]
    categories: list[tuple[str, str]]
    by_category: list[Shelf]
    everything: Shelf
    companions: list[Shelf]
    launches: list[int] = field(default_factory=list)

    def record(self, place: int) -> dict[str, object]:
        """Return an item as POST /update-data takes it."""
        item = self.items[place]
        department, category = self.categories[item.category]
        brand = BRANDS[item.brand]
        return {
            "item_id": item.item_id,
            "title": item.title,
            "description": f"{item.title} by {brand}: a {item.kind.lower()} from our {category.lower()} range.",
            "category": f"{department}|{category}|{item.kind}",
            "price": item.price,
            "brand": brand,
            "created_at": rfc3339(item.created_ms),
        }


def make_catalogue(settings: Settings) -> Catalogue:
    """Make the shop's items from the settings' seed."""
    dice = settings.dice("catalogue")
    categories = [(department, category) for department, branch in TREE.items() for category in branch]
    items = [_make_item(number, categories, settings, dice) for number in range(settings.items)]
    weights = _popularity(items, dice)
    places: list[list[int]] = [[] for _ in categories]
    for place, item in enumerate(items):
        places[item.category].append(place)
    # A very small shop leaves categories empty; they then lead to the whole shop.
    by_category = [_shelf(shelf or list(range(len(items))), weights) for shelf in places]
    launches = [place for place, item in enumerate(items) if item.created_ms > settings.since_ms]
    return Catalogue(
        items=items,
        categories=categories,
        by_category=by_category,
        everything=_shelf(list(range(len(items))), weights),
        companions=[_companions(place, items, by_category, dice) for place in range(len(items))],
        launches=sorted(launches, key=lambda place: items[place].created_ms),
    )


def _make_item(number: int, categories: list[tuple[str, str]], settings: Settings, dice: Random) -> Item:
    category = dice.randrange(len(categories))
    department, name = categories[category]
    kind = dice.choice(TREE[department][name])
    brand = min(int(dice.expovariate(1 / 8)), len(BRANDS) - 1)
    span = settings.days * DAY_MS
    if dice.random() < LAUNCHED_DURING:
        created_ms = settings.since_ms + int(dice.random() * span)
    else:
        created_ms = settings.since_ms - int(dice.random() * 700 * DAY_MS) - DAY_MS
    return Item(
        item_id=f"item-{number:05d}",
        title=f"{dice.choice(QUALITIES)} {kind} {dice.randrange(100, 999)}",
        category=category,
        kind=kind,
        brand=brand,
        price=max(1.0, round(dice.lognormvariate(3.6, 0.8))) - 0.01,
        created_ms=created_ms,
    )


def _popularity(items: list[Item], dice: Random) -> list[float]:
    ranks = list(range(len(items)))
    dice.shuffle(ranks)
    return [1 / (rank + RANK_OFFSET) ** 0.7 for rank in ranks]


def _shelf(places: list[int], weights: list[float]) -> Shelf:
    return Shelf(places, list(accumulate(weights[place] for place in places)))


def _companions(place: int, items: list[Item], by_category: list[Shelf], dice: Random) -> Shelf:
    """Choose what is looked at after an item: mostly its like, sometimes what complements it."""
    item = items[place]
    complement = item.category + 1 if item.category % 4 < 3 else item.category - 3
    found: list[int] = []
    for attempt in range(4 * COMPANIONS):
        shelf = by_category[complement if attempt % 4 == 3 else item.category]
        other = shelf.draw(dice)
        alike = items[other].brand == item.brand or abs(items[other].price - item.price) < 0.5 * item.price
        if other != place and other not in found and (alike or attempt > 2 * COMPANIONS):
            found.append(other)
        if len(found) == COMPANIONS:
            break
    found = found or [place]
    return Shelf(found, list(accumulate(COMPANION_DECAY**rank for rank in range(len(found)))))
