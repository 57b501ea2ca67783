"""Cursors of product lists: where a list continues, for the choice of products that it was given for.

A cursor names a place in the index and is no secret: an altered one is refused, or names another place of its list.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from backend.contract.products import MAX_CATEGORY_KEY_BYTES, MAX_TITLE_KEY_BYTES, category_key
from backend.http import BadRequestError
from backend.recommend.requests.fields import MAX_ID_CHARACTERS

if TYPE_CHECKING:
    from backend.recommend.catalogue.choice import Choice

_MOST_BYTES = (4 * MAX_ID_CHARACTERS, MAX_CATEGORY_KEY_BYTES, MAX_TITLE_KEY_BYTES)


@dataclass(frozen=True, slots=True)
class Place:
    """The keys of an item in the index of products."""

    item_id: str
    category: str
    title: str


def write_cursor(place: Place, choice: Choice) -> str:
    """Return the cursor of what follows a place, fit for an address."""
    text = json.dumps([_digest(choice), *astuple(place)], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, choice: Choice) -> Place:
    """Return the place of a cursor.

    Raises
    ------
    BadRequestError
        Where it is not a cursor, or not one of this choice of products.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        digest, *keys = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        item_id, category, title = keys
        sizes = [len(key.encode()) for key in keys]
    except (AttributeError, TypeError, ValueError, binascii.Error, RecursionError):
        raise BadRequestError("page", "must be the next_page of an answer") from None
    if any(not 1 <= size <= most for size, most in zip(sizes, _MOST_BYTES, strict=True)):
        raise BadRequestError("page", "must be the next_page of an answer")
    if digest != _digest(choice) or (choice.category is not None and category != category_key(choice.category)):
        raise BadRequestError("page", "is of another search, category or price; repeat those of its answer")
    return Place(item_id, category, title)


def _digest(choice: Choice) -> str:
    return hashlib.sha256(json.dumps(astuple(choice)).encode()).hexdigest()[:16]
