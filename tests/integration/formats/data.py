"""The clicks of the small shop that the stored engine folder, lake and experiment hold; always the same rows."""

from __future__ import annotations

import random

START = 1_760_000_000
USERS, SHELVES, ITEMS_PER_SHELF, VISITS = 60, 8, 6, 7
DAY = 86_400


def interactions() -> list[tuple[str, str, int, str]]:
    """Return (user, item, epoch seconds, event type) in order of time.

    Each user prefers two shelves, and within a visit the items of a shelf follow one another more often than not.
    """
    draw = random.Random(7)
    rows = []
    for user in range(USERS):
        shelves = draw.sample(range(SHELVES), 2)
        for visit in range(VISITS):
            shelf = shelves[visit % 2] if draw.random() < 0.9 else draw.randrange(SHELVES)
            place = draw.randrange(ITEMS_PER_SHELF)
            moment = START + visit * DAY + draw.randrange(80_000)
            for step in range(draw.randint(3, 6)):
                kind = "Purchase" if step == 2 else "View"
                rows.append((f"user-{user}", f"item-{shelf}-{place}", moment, kind))
                place = (place + 1 if draw.random() < 0.7 else draw.randrange(ITEMS_PER_SHELF)) % ITEMS_PER_SHELF
                moment += draw.randint(5, 90)
    return sorted(rows, key=lambda row: row[2])
