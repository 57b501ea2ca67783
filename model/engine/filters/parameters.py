"""Reads the values of a filter's parameters from filterValues."""

from __future__ import annotations

import math
import re

from model.engine.filters.expression import number_of, unquoted
from model.engine.personalize.errors import InvalidInputError

_STRING = re.compile(r'\s*("(?:[^"\\]|\\.)*")\s*(,|$)')


def read_strings(name: str, text: str) -> tuple[str, ...]:
    """Read strings like '"drama","crime"'; the error does not repeat the text, since it may be personal data."""
    values = []
    place = 0
    while match := _STRING.match(text, place):
        values.append(unquoted(match[1]))
        place = match.end()
        if not match[2]:
            return tuple(values)
    raise InvalidInputError(
        f'filterValues.{name} must hold strings, each in double quotes, with commas between them: "drama","crime"'
    )


def read_number(name: str, text: str) -> float:
    """Read a finite number; the message of the error does not repeat the text, since it may be personal data."""
    try:
        # float() would also read 1_000 and the digits of other scripts.
        number = number_of(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidInputError(f"filterValues.{name} must hold a number without quotes, as in 10 or 9.5")
    return number
