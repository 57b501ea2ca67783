"""The small shop that the stored engine folder, lake and experiment are made of; always the same rows."""

from __future__ import annotations

import json
import random
from typing import Any

START = 1_760_000_000
USERS, SHELVES, ITEMS_PER_SHELF, VISITS = 60, 8, 6, 7
NEW_ITEMS = 104  # the cold-start recipe needs 100 at least
NAMESPACE = "com.amazonaws.personalize.schema"
DAY = 86_400

STRING, LONG, FLOAT = "string", "long", "float"
FIELDS: dict[str, list[dict[str, Any]]] = {
    "Interactions": [
        {"name": "USER_ID", "type": STRING},
        {"name": "ITEM_ID", "type": STRING},
        {"name": "TIMESTAMP", "type": LONG},
        {"name": "EVENT_TYPE", "type": STRING},
        {"name": "EVENT_VALUE", "type": [FLOAT, "null"]},
        {"name": "DEVICE", "type": [STRING, "null"], "categorical": True},
        {"name": "IMPRESSION", "type": [STRING, "null"]},
    ],
    "Items": [
        {"name": "ITEM_ID", "type": STRING},
        {"name": "CATEGORY", "type": [STRING, "null"], "categorical": True},
        {"name": "DESCRIPTION", "type": [STRING, "null"], "textual": True},
        {"name": "PRICE", "type": [FLOAT, "null"]},
        {"name": "CREATION_TIMESTAMP", "type": [LONG, "null"]},
    ],
    "Users": [
        {"name": "USER_ID", "type": STRING},
        {"name": "AGE_GROUP", "type": [STRING, "null"], "categorical": True},
    ],
    "Actions": [
        {"name": "ACTION_ID", "type": STRING},
        {"name": "CHANNEL", "type": [STRING, "null"], "categorical": True},
        {"name": "REPEAT_FREQUENCY", "type": [LONG, "null"]},
    ],
    "Action_Interactions": [
        {"name": "USER_ID", "type": STRING},
        {"name": "ACTION_ID", "type": STRING},
        {"name": "EVENT_TYPE", "type": STRING},
        {"name": "TIMESTAMP", "type": LONG},
    ],
}
DOMAIN_FIELDS = {
    "Interactions": FIELDS["Interactions"][:4],
    "Items": [
        {"name": "ITEM_ID", "type": STRING},
        {"name": "PRICE", "type": FLOAT},
        {"name": "CATEGORY_L1", "type": [STRING], "categorical": True},
        {"name": "CREATION_TIMESTAMP", "type": [LONG, "null"]},
    ],
}
# Of ten users, how many take each action.
ACTIONS = {"subscribe": 8, "install": 6, "join": 3, "review": 2}


def schema(name: str, *, domain: bool = False) -> str:
    """Return the Avro schema of a dataset type."""
    fields = (DOMAIN_FIELDS if domain else FIELDS)[name]
    record = name.replace("Action_Interactions", "ActionInteractions")
    return json.dumps({"type": "record", "name": record, "namespace": NAMESPACE, "fields": fields, "version": "1.0"})


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


def items() -> list[tuple[str, int, float, int]]:
    """Return (item, shelf, price, creation in epoch seconds), with some items that no user has interacted with."""
    known = [
        (f"item-{shelf}-{place}", shelf, 5.0 + place, START - (shelf + 1) * DAY)
        for shelf in range(SHELVES)
        for place in range(ITEMS_PER_SHELF)
    ]
    return known + [(f"new-{place}", place % SHELVES, 1.0, START + 6 * DAY) for place in range(NEW_ITEMS)]


def csv_files() -> dict[str, str]:
    """Return the CSV of each dataset type, and `Domain_Items` for the dataset group of a domain."""
    lines = {
        "Interactions": ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,DEVICE,IMPRESSION"],
        "Domain_Interactions": ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"],
        "Items": ["ITEM_ID,CATEGORY,DESCRIPTION,PRICE,CREATION_TIMESTAMP"],
        "Domain_Items": ["ITEM_ID,PRICE,CATEGORY_L1,CREATION_TIMESTAMP"],
        "Users": ["USER_ID,AGE_GROUP"],
        "Actions": ["ACTION_ID,CHANNEL,REPEAT_FREQUENCY"],
        "Action_Interactions": ["USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP"],
    }
    for place, (user, item, moment, kind) in enumerate(interactions()):
        device = ("phone", "desk", "")[place % 3]
        shown = f"{item}|item-0-0" if place % 50 == 0 else ""
        value = place % 4 / 2 if place % 4 else ""
        lines["Interactions"].append(f"{user},{item},{moment},{kind},{value},{device},{shown}")
        lines["Domain_Interactions"].append(f"{user},{item},{moment},{kind}")
    # What the cold-start recipe takes for new: items that have few interactions, all of them late.
    for place in range(NEW_ITEMS):
        row = f"user-{place % USERS},new-{place},{START + 6 * DAY + place},View"
        lines["Domain_Interactions"].append(row)
    for item, shelf, price, created in items():
        lines["Items"].append(f'{item},shelf {shelf}|all,"A ""good"" thing of shelf {shelf}",{price},{created}')
        lines["Domain_Items"].append(f"{item},{price},shelf {shelf},{created}")
    lines["Users"] += [f"user-{user},{'old' if user % 2 else 'young'}" for user in range(USERS)]
    lines["Actions"] += [f"{action},{'mail' if place % 2 else 'web'},30" for place, action in enumerate(ACTIONS)]
    for number in range(USERS):
        for place, (action, taken) in enumerate(ACTIONS.items()):
            kind = "Taken" if (number * 7 + place * 3) % 10 < taken else "Not Taken"
            lines["Action_Interactions"].append(f"user-{number},{action},{kind},{START + number * 60 + place}")
    return {name: "\n".join(text) + "\n" for name, text in lines.items()}
