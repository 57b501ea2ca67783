"""Which products a list has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """Which products are wanted.

    Attributes
    ----------
    words
        Folded; each is a part of the title or the brand.
    category
        Exactly as the items have it.
    min_price, max_price
        Decimal numbers as text; both belong to the range, and an item without a price does not.
    """

    words: tuple[str, ...] = ()
    category: str | None = None
    min_price: str | None = None
    max_price: str | None = None
