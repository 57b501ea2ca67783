"""An item as the index of products has it, which the front door writes and the serving API lists.

The index `products` of the table of items and users has the items alone, since users lack its keys: `category` and
`title`. An item without one of them has a stand-in, so that it is listed.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SHOWN = ("title", "category", "brand", "price", "availability")
"""The fields of an item that a page shows."""

PICTURE = "picture"
"""The property of an item that has the address of its picture."""

MAX_CATEGORY_KEY_BYTES = 512
MAX_TITLE_KEY_BYTES = 256
"""Less than DynamoDB's 2,048 and 1,024 bytes of index keys, so that a cursor of both fits an address."""

UNKNOWN = "\x7f"
"""Stands for a category or a title that an item lacks; the contract permits the character in neither."""

CATEGORIES = "categories"
"""The attribute, a set of strings, of the items of the table that have the categories of all products."""

CATEGORY_SETS = tuple(f"categories#{number}" for number in range(8))
"""Their keys: DynamoDB's items have 400 kB at most, so the categories are spread over several by a digest."""

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (numbers)
_LEAST_NUMBER = 1e-130


def product_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an item that a page shows."""
    picture = (item.get("properties") or {}).get(PICTURE)
    shown = {name: item[name] for name in SHOWN if item.get(name) is not None}
    return shown | ({PICTURE: picture} if isinstance(picture, str) else {})


def index_attributes(item: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the attributes of an item for the index of products, with DynamoDB's types."""
    attributes = {
        "category": {"S": category_key(item.get("category"))},
        "title": {"S": _title_key(item.get("title"))},
        "product": {"S": msgspec.json.encode(product_of(item)).decode()},
    }
    searched = [item[name] for name in ("title", "brand") if item.get(name) is not None]
    if searched:
        attributes["search"] = {"S": fold("\n".join(searched))}
    price = item.get("price")
    if price is not None:
        attributes["price"] = {"N": price_text(price)}
    return attributes


def price_text(price: float) -> str:
    """Return a price as DynamoDB takes numbers: its least one is 1e-130."""
    return repr(price if price >= _LEAST_NUMBER else 0)


def category_key(category: str | None) -> str:
    """Return the key of a category, or of a long one its digest."""
    if category is None:
        return UNKNOWN
    encoded = category.encode()
    return category if len(encoded) <= MAX_CATEGORY_KEY_BYTES else UNKNOWN + hashlib.sha256(encoded).hexdigest()


def category_sets(categories: Iterable[str]) -> dict[str, list[str]]:
    """Return categories in order by the key of the set that has them."""
    sets: dict[str, list[str]] = {}
    for category in sorted(set(categories)):
        digest = hashlib.sha256(category.encode()).digest()
        sets.setdefault(CATEGORY_SETS[digest[0] % len(CATEGORY_SETS)], []).append(category)
    return sets


def fold(text: str) -> str:
    """Return a text in the form in which texts are compared without regard to case and to forms of a character."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _title_key(title: str | None) -> str:
    """Return the first part of a folded title, by which the products of a category are in order."""
    return fold(title).encode()[:MAX_TITLE_KEY_BYTES].decode(errors="ignore") if title else UNKNOWN
