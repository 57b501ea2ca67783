"""Arithmetic of days, which are text, as in the names of folders."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def around(days: Iterable[str], before: int, after: int) -> set[str]:
    """Return days, and so many days before and after each."""
    shifts = [timedelta(days=shift) for shift in range(-before, after + 1)]
    return {str(date.fromisoformat(day) + shift) for day in days for shift in shifts}


def span(first: str, last: str) -> set[str]:
    """Return the days from one to another, both included."""
    return around([first], 0, (date.fromisoformat(last) - date.fromisoformat(first)).days)
