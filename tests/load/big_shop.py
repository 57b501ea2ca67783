"""Seeded events of a large shop, for measuring: many users, many items, a few of which are much more popular."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tests.factories.shop_stream import START

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

DAYS = 30
SHELVES = 10
CHUNK = 100_000


@dataclass(frozen=True)
class BigShop:
    """The interactions of a large shop, in order of time, as int64 arrays of shape (events,)."""

    item_count: int
    user_count: int
    users: NDArray[np.int64]
    items: NDArray[np.int64]
    moments: NDArray[np.int64]

    @classmethod
    def draw(cls, items: int, users: int, events: int, seed: int = 5) -> BigShop:
        """Draw a shop in which each user keeps to a tenth of the catalogue."""
        draw = np.random.default_rng(seed)
        who = draw.integers(0, users, events)
        shelf = items // SHELVES
        what = (draw.zipf(1.3, events) + who * 37) % shelf + (who % SHELVES) * shelf
        return cls(items, users, who, what, START + np.sort(draw.integers(0, DAYS * 86_400, events)))

    def interactions_csv(self) -> Iterator[str]:
        """Yield the CSV of the events in pieces."""
        yield "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE\n"
        for begin in range(0, self.users.size, CHUNK):
            piece = slice(begin, begin + CHUNK)
            rows = zip(
                self.users[piece].tolist(), self.items[piece].tolist(), self.moments[piece].tolist(), strict=True
            )
            yield "".join(f"user-{user},item-{item},{moment},View,\n" for user, item, moment in rows)

    def items_csv(self) -> Iterator[str]:
        """Yield the CSV of the catalogue in pieces: ten shelves, prices from 1 to 100."""
        yield "ITEM_ID,CATEGORY,DESCRIPTION,PRICE,CREATION_TIMESTAMP\n"
        shelf = self.item_count // SHELVES
        for begin in range(0, self.item_count, CHUNK):
            places = range(begin, min(begin + CHUNK, self.item_count))
            yield "".join(
                f"item-{place},shelf {place // shelf}|row {place % 50},,{place % 100 + 1},{START}\n" for place in places
            )
