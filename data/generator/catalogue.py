"""Generates the shop's items: categories, brands, prices, popularity and companion items."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from data.generator.attribute_values import BRANDS, QUALITIES, TREE
from data.generator.timestamps import rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from data.generator.settings import Settings

# One item in seven is launched during the period, so that a recommender must handle items without history.
LAUNCHED_DURING = 1 / 7
# Share of the items that cannot be bought.
OUT_OF_STOCK = 1 / 20
DAY_MS = 86_400_000
# Number of companions of an item, the most likely first, and the decay of the likelihood from one to the next.
COMPANIONS = 10
COMPANION_DECAY = 0.8
# Popularity falls with the rank as 1 / (rank + 3) ** 0.7: a long tail in which no single item dominates.
RANK_OFFSET = 3


@dataclass(frozen=True, slots=True)
class Item:
    """One item; `category` is an index into `Catalogue.categories`."""

    item_id: str
    title: str
    category: int
    kind: str
    brand: int
    price: float
    created_ms: int
    is_in_stock: bool


@dataclass(frozen=True, slots=True)
class ItemSampler:
    """Draws items at random, in proportion to their weights."""

    items: Sequence[int]
    cumulative: Sequence[float]

    def draw(self, rng: Random) -> int:
        """Return the index of a random item."""
        return self.items[bisect(self.cumulative, rng.random() * self.cumulative[-1])]


@dataclass(frozen=True)
class Catalogue:
    """All items, with samplers that draw them.

    Attributes
    ----------
    items
        In no particular order; other attributes refer to an item by its index here.
    categories
        (department, category) pairs.
    companions
        Per item, a sampler of the items that users view next.
    launches
        Items launched during the period, earliest first.
    """

    items: list[Item]
    categories: list[tuple[str, str]]
    by_category: list[ItemSampler]
    all_items: ItemSampler
    companions: list[ItemSampler]
    launches: list[int] = field(default_factory=list)

    def record(self, index: int) -> dict[str, object]:
        """Return an item as a record for POST /update-data."""
        item = self.items[index]
        department, category = self.categories[item.category]
        brand = BRANDS[item.brand]
        return {
            "item_id": item.item_id,
            "title": item.title,
            "description": f"{item.title} by {brand}: a {item.kind.lower()} from our {category.lower()} range.",
            "category": f"{department}|{category}|{item.kind}",
            "price": item.price,
            "brand": brand,
            "availability": "in_stock" if item.is_in_stock else "out_of_stock",
            "created_at": rfc3339(item.created_ms),
        }


def make_catalogue(settings: Settings) -> Catalogue:
    """Generate the shop's items from the settings' seed."""
    rng, stock = settings.rng("catalogue"), settings.rng("stock")
    categories = [(department, category) for department, branch in TREE.items() for category in branch]
    items = [_make_item(number, categories, settings, rng, stock) for number in range(settings.items)]
    weights = _popularity(items, rng)
    members: list[list[int]] = [[] for _ in categories]
    for index, item in enumerate(items):
        members[item.category].append(index)
    # A very small shop has empty categories; their samplers draw from the whole shop.
    by_category = [_make_sampler(indices or list(range(len(items))), weights) for indices in members]
    launches = [index for index, item in enumerate(items) if item.created_ms > settings.since_ms]
    return Catalogue(
        items=items,
        categories=categories,
        by_category=by_category,
        all_items=_make_sampler(list(range(len(items))), weights),
        companions=[_choose_companions(index, items, by_category, rng) for index in range(len(items))],
        launches=sorted(launches, key=lambda index: items[index].created_ms),
    )


def _make_item(number: int, categories: list[tuple[str, str]], settings: Settings, rng: Random, stock: Random) -> Item:
    category = rng.randrange(len(categories))
    department, name = categories[category]
    kind = rng.choice(TREE[department][name])
    brand = min(int(rng.expovariate(1 / 8)), len(BRANDS) - 1)
    span = settings.days * DAY_MS
    if rng.random() < LAUNCHED_DURING:
        created_ms = settings.since_ms + int(rng.random() * span)
    else:
        created_ms = settings.since_ms - int(rng.random() * 700 * DAY_MS) - DAY_MS
    return Item(
        item_id=f"item-{number:05d}",
        title=f"{rng.choice(QUALITIES)} {kind} {rng.randrange(100, 999)}",
        category=category,
        kind=kind,
        brand=brand,
        price=max(1.0, round(rng.lognormvariate(3.6, 0.8))) - 0.01,
        created_ms=created_ms,
        is_in_stock=stock.random() >= OUT_OF_STOCK,
    )


def _popularity(items: list[Item], rng: Random) -> list[float]:
    ranks = list(range(len(items)))
    rng.shuffle(ranks)
    return [1 / (rank + RANK_OFFSET) ** 0.7 for rank in ranks]


def _make_sampler(indices: list[int], weights: list[float]) -> ItemSampler:
    return ItemSampler(indices, list(accumulate(weights[index] for index in indices)))


def _choose_companions(index: int, items: list[Item], by_category: list[ItemSampler], rng: Random) -> ItemSampler:
    """Choose the items viewed after an item: mostly similar items, sometimes complementary items."""
    item = items[index]
    complement = item.category + 1 if item.category % 4 < 3 else item.category - 3
    companions: list[int] = []
    for attempt in range(4 * COMPANIONS):
        sampler = by_category[complement if attempt % 4 == 3 else item.category]
        other = sampler.draw(rng)
        is_similar = items[other].brand == item.brand or abs(items[other].price - item.price) < 0.5 * item.price
        if other != index and other not in companions and (is_similar or attempt > 2 * COMPANIONS):
            companions.append(other)
        if len(companions) == COMPANIONS:
            break
    companions = companions or [index]
    return ItemSampler(companions, list(accumulate(COMPANION_DECAY**rank for rank in range(len(companions)))))
