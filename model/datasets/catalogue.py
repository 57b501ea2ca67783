"""Catalogues: the items, users or actions of a dataset, as recipes see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class CatalogueItem:
    """One item of a catalogue, as a recipe receives it when it is new or has changed.

    Attributes
    ----------
    features : tuple of str
        Such as ("CATEGORY=shoes", "BRAND=acme", "word=running").
    created : int
        Epoch seconds; 0 where unknown.
    """

    item_id: str
    features: tuple[str, ...] = ()
    created: int = 0
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Catalogue:
    """The metadata of items (or users, or actions), as columns.

    Attributes
    ----------
    features : list of tuples of str
        One tuple per item, such as ("CATEGORY=shoes", "BRAND=acme").
    created : list of int
        Epoch seconds; 0 where unknown.
    numbers : dict of lists of float
        By column, one number per item; NaN where there is none.
    """

    item_ids: list[str] = field(default_factory=list)
    features: list[tuple[str, ...]] = field(default_factory=list)
    created: list[int] = field(default_factory=list)
    numbers: dict[str, list[float]] = field(default_factory=dict)
