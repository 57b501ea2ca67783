"""The shop of `tests.load.big_shop` as recipes learn from it."""

from __future__ import annotations

import numpy as np

from model.datasets.catalogue import Catalogue
from model.datasets.interactions import Interactions, from_columns
from tests.factories.shop_stream import START
from tests.load.big_shop import SHELVES, BigShop

KINDS = ["View", "Purchase"]
BOUGHT = 10  # one event of so many is a purchase


def shop(items: int, users: int, events: int) -> tuple[Interactions, Catalogue]:
    """Draw the views and purchases of a shop, and a catalogue of items with a category and a word or two."""
    drawn = BigShop.draw(items, users, events)
    ids = ([f"user-{number}" for number in range(users)], [f"item-{number}" for number in range(items)], KINDS)
    kinds = (np.arange(events) % BOUGHT == 0).astype(np.int16)
    known = from_columns(ids, drawn.users.astype(np.int32), drawn.items.astype(np.int32), kinds, drawn.moments)
    shelf = items // SHELVES
    features: list[tuple[str, ...]] = [
        (f"CATEGORY=shelf {place // shelf}", f"CATEGORY=row {place % 50}", f"word=kind{place % 997}")
        for place in range(items)
    ]
    prices = {"PRICE": [float(place % 100 + 1) for place in range(items)]}
    return known, Catalogue(ids[1], features, [START] * items, prices)
