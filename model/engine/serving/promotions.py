"""Promotions: a share of a list that comes from items of the caller's choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

One = TypeVar("One")


def promoted_places(count: int, percent: int) -> int:
    """Return how many places of a list a promotion has: its share, rounded down, but one at least.

    Parameters
    ----------
    count : int
        Places of the list, 1 or more.
    percent : int
        1 to 100.
    """
    return max(1, count * percent // 100)


def mixed(promoted: Sequence[One], others: Sequence[One], draw: Generator) -> list[One]:
    """Put promoted items among the others at random places; both keep their own order.

    Developer guide, "Promoting items in real-time recommendations".

    Returns
    -------
    list
        All of both.
    """
    total = len(promoted) + len(others)
    given = set(draw.choice(total, len(promoted), replace=False).tolist()) if promoted else set()
    of_promoted, of_others = iter(promoted), iter(others)
    return [next(of_promoted if place in given else of_others) for place in range(total)]
