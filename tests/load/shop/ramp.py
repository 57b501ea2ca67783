"""Raises the rate of a shop's requests until the laptop no longer answers in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.load.shop.measuring import Measured

FIRST_RATE = 10
GROWTH = 1.5
CLOSE = 1.1
"""The limit is found where the lowest rate that failed is at most so many times the highest that held."""


def climb(measure: Callable[[int], Measured], has_time: Callable[[], bool]) -> dict[int, Measured]:
    """Measure at rising rates, and after the first failure between those that held and that one; return all by rate."""
    steps: dict[int, Measured] = {}
    rate: int | None = FIRST_RATE
    while rate is not None and has_time():
        steps[rate] = measure(rate)
        rate = _next_rate(steps)
    return steps


def limit(steps: dict[int, Measured]) -> int:
    """Return the highest rate that held, below the lowest that failed; 0 where there is none."""
    failed = _lowest_failed(steps)
    return max((rate for rate, step in steps.items() if step.holds and (failed is None or rate < failed)), default=0)


def _next_rate(steps: dict[int, Measured]) -> int | None:
    held, failed = limit(steps), _lowest_failed(steps)
    if failed is None:
        return round(held * GROWTH)
    rate = (held + failed) // 2
    return rate if held < rate and failed > held * CLOSE else None


def _lowest_failed(steps: dict[int, Measured]) -> int | None:
    return min((rate for rate, step in steps.items() if not step.holds), default=None)
