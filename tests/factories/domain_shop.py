"""The small shop's stream as a shop's or a video service's own data: with what the domains ask for."""

from __future__ import annotations

from typing import Any

from tests.factories.avro import avro_schema
from tests.factories.shop_stream import START, shop_rows

EVENT_TYPES = {"ECOMMERCE": ("View", "Purchase"), "VIDEO_ON_DEMAND": ("Click", "Watch")}
INTERACTION_FIELDS = [
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
    {"name": "EVENT_TYPE", "type": "string"},
]
ITEM_FIELDS: dict[str, list[dict[str, Any]]] = {
    "ECOMMERCE": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "PRICE", "type": "float"},
        {"name": "CATEGORY_L1", "type": ["string"], "categorical": True},
    ],
    "VIDEO_ON_DEMAND": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "CREATION_TIMESTAMP", "type": "long"},
        {"name": "GENRES", "type": ["string"], "categorical": True},
    ],
}


def domain_schema(domain: str, name: str) -> str:
    """Return an Avro schema of a domain's Interactions or Items."""
    return avro_schema(name, INTERACTION_FIELDS if name == "Interactions" else ITEM_FIELDS[domain])


def domain_interactions_csv(domain: str) -> str:
    """Return interactions of which two in five are of the second event type."""
    first, second = EVENT_TYPES[domain]
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"]
    for place, (user, item, moment, _) in enumerate(shop_rows()):
        lines.append(f"{user},{item},{moment},{second if place % 5 < 2 else first}")
    return "\n".join(lines) + "\n"


def domain_items_csv(domain: str, shelves: int = 12, items_per_shelf: int = 15) -> str:
    """Return the items of the shop with the columns that the domain asks for."""
    lines = [",".join(field["name"] for field in ITEM_FIELDS[domain])]
    value = "9.5" if domain == "ECOMMERCE" else str(START)
    lines += [
        f"item-{shelf}-{place},{value},shelf {shelf}" for shelf in range(shelves) for place in range(items_per_shelf)
    ]
    return "\n".join(lines) + "\n"
