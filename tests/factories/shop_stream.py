"""A seeded event stream of a small shop, on which recommenders of different quality get different metrics."""

from __future__ import annotations

import random

from tests.factories.avro import avro_schema

SCHEMA_FIELDS = {
    "Interactions": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "EVENT_VALUE", "type": ["float", "null"]},
    ],
    "Items": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "CATEGORY", "type": ["string", "null"], "categorical": True},
        {"name": "DESCRIPTION", "type": ["string", "null"], "textual": True},
        {"name": "PRICE", "type": ["float", "null"]},
        {"name": "CREATION_TIMESTAMP", "type": ["long", "null"]},
    ],
    "Users": [
        {"name": "USER_ID", "type": "string"},
        {"name": "AGE_GROUP", "type": ["string", "null"], "categorical": True},
    ],
}
START = 1_760_000_000


def schema_text(name: str) -> str:
    """Return an Avro schema of the given record name."""
    return avro_schema(name, SCHEMA_FIELDS[name])


def shop_rows(
    users: int = 120, shelves: int = 12, items_per_shelf: int = 15, visits: int = 6, seed: int = 7
) -> list[tuple[str, str, int, str]]:
    """Return (user, item, epoch seconds, event type) rows in the order of time.

    Each user prefers two shelves; within a visit, items of a shelf follow one another in a fixed order more often
    than not. So what comes next can be learnt, from the user and from the last item, and popularity knows neither.
    """
    draw = random.Random(seed)
    rows = []
    for user in range(users):
        favourites = draw.sample(range(shelves), 2)
        for visit in range(visits):
            shelf = favourites[visit % 2] if draw.random() < 0.9 else draw.randrange(shelves)
            place = draw.randrange(items_per_shelf)
            moment = START + visit * 86_400 + draw.randrange(80_000)
            for _ in range(draw.randint(3, 6)):
                rows.append((f"user-{user}", f"item-{shelf}-{place}", moment, "View"))
                place = (place + 1 if draw.random() < 0.7 else draw.randrange(items_per_shelf)) % items_per_shelf
                moment += draw.randint(5, 90)
    return sorted(rows, key=lambda row: row[2])


def interactions_csv(rows: list[tuple[str, str, int, str]]) -> str:
    """Return rows as the CSV of an Interactions dataset."""
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE"]
    return "\n".join([*lines, *(f'"{user}",{item},{moment},{kind},' for user, item, moment, kind in rows)]) + "\n"


def items_csv(shelves: int = 12, items_per_shelf: int = 15, cold: int = 6) -> str:
    """Return the CSV of an Items dataset: the shop's items and some without interactions."""
    lines = ["ITEM_ID,CATEGORY,DESCRIPTION,PRICE,CREATION_TIMESTAMP"]
    for shelf in range(shelves):
        lines += [
            f'item-{shelf}-{place},shelf {shelf}|all,"A ""good"" thing, number {place}",9.5,{START}'
            for place in range(items_per_shelf)
        ]
    lines += [f"new-{place},shelf {place}|all,,1," for place in range(cold)]
    return "\n".join(lines) + "\n"
