"""Reads the products and users of AWS's retail demo store, which has no events."""

from __future__ import annotations

import json
from bisect import bisect
from typing import TYPE_CHECKING

import yaml

from data.loaders.files import open_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GENDERS = {"F": "female", "M": "male"}
_AGE_LIMITS = (25, 35, 45, 55, 65)
_AGE_GROUPS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")


def read_products(path: Path) -> Iterator[dict[str, object]]:
    """Yield the products as items."""
    # The C parser reads the 2,465 products in half a second, the Python parser in six.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with open_bytes(path) as file:
        catalogue = yaml.load(file, Loader=loader)  # noqa: S506 - both are safe loaders
    for product in catalogue:
        record = {
            "item_id": str(product["id"]),
            "title": product["name"],
            "category": "|".join(product[level] for level in ("category", "style") if product.get(level)),
            "price": float(product["price"]),
            "description": product.get("description"),
        }
        yield {name: value for name, value in record.items() if value not in {None, ""}}


def read_users(path: Path) -> Iterator[dict[str, object]]:
    """Yield the shop's fictional users."""
    with open_bytes(path) as file:
        personas = json.load(file)
    for user in personas:
        record: dict[str, object] = {
            "user_id": str(user["id"]),
            "age_group": _AGE_GROUPS[bisect(_AGE_LIMITS, user["age"])],
            "interests": user["persona"].replace("_", "|"),
        }
        if user.get("gender") in _GENDERS:
            record["gender"] = _GENDERS[user["gender"]]
        yield record
