"""Values of a filter's parameters, as filterValues brings them with a question."""

from __future__ import annotations

import math
import re

from model.engine.filters.expression import unquoted
from model.engine.personalize.errors import InvalidInputError

_STRING = re.compile(r'\s*("(?:[^"\\]|\\.)*")\s*(,|$)')


def read_strings(name: str, text: str) -> tuple[str, ...]:
    """Read strings in double quotes with commas between them, such as '"drama","crime"'.

    Parameters
    ----------
    name : str
        Of the parameter.

    Raises
    ------
    InvalidInputError
        It says nothing else; the message does not repeat the value, which may be somebody's.
    """
    found = []
    place = 0
    while match := _STRING.match(text, place):
        found.append(unquoted(match[1]))
        place = match.end()
        if not match[2]:
            return tuple(found)
    raise InvalidInputError(
        f'filterValues.{name} must hold strings, each in double quotes, with commas between them: "drama","crime"'
    )


def read_number(name: str, text: str) -> float:
    """Read a number.

    Parameters
    ----------
    name : str
        Of the parameter.

    Raises
    ------
    InvalidInputError
        It is none.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidInputError(f"filterValues.{name} must hold a number without quotes, as in 10 or 9.5")
    return number
