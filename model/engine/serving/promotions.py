"""Promotions: a share of a list is reserved for items that a filter selects."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

Item = TypeVar("Item")


def count_promoted(count: int, percent: int) -> int:
    """Return how many of `count` items are promoted: `percent` (1 to 100) of them, rounded down, but at least one."""
    return max(1, count * percent // 100)


def mix(promoted: Sequence[Item], others: Sequence[Item], draw: Generator) -> list[Item]:
    """Return promoted items and others in one list, the promoted ones at random places; both keep their order.

    Developer guide, "Promoting items in real-time recommendations".
    """
    total = len(promoted) + len(others)
    given = set(draw.choice(total, len(promoted), replace=False).tolist()) if promoted else set()
    of_promoted, of_others = iter(promoted), iter(others)
    return [next(of_promoted if place in given else of_others) for place in range(total)]
