"""Types of command-line arguments that several commands take."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from backend.contract import read_instant

if TYPE_CHECKING:
    from datetime import datetime


def instant(text: str) -> datetime:
    """Return the time of an argument."""
    try:
        return read_instant(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-01-31T12:00:00Z") from error


def seconds(text: str) -> float:
    """Return a number of seconds, which is finite and at least 0."""
    number = float(text)
    if not (math.isfinite(number) and number >= 0):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds from 0")
    return number
