"""Text of a cell as a value; text that cannot be converted stays text, so that the contract refuses it by its rule."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

SEPARATOR = "|"
"""Separates the items and the positions of a list in CSV, as in Personalize's own format."""

# Spreadsheets and data frames write a whole number as 2.0 where its column has gaps, and others 0.5 as .5 and 2 as +2.
_WHOLE = re.compile(r"([+-]?[0-9]{1,15})(\.0*)?")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def read_number(text: str) -> float | str:
    """Return a finite number."""
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    return number if math.isfinite(number) else text


def read_whole(text: str) -> int | str:
    """Return a whole number."""
    whole = _WHOLE.fullmatch(text)
    return int(whole[1]) if whole else text


def read_texts(text: str) -> list[str]:
    """Return the parts between separators."""
    return text.split(SEPARATOR)


def read_wholes(text: str) -> list[int | str]:
    """Return the parts between separators as whole numbers."""
    return [read_whole(part) for part in text.split(SEPARATOR)]


def read_object(text: str) -> Any:
    """Return an object of JSON."""
    try:
        fields = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text
    # As it was written, so that the contract sees a name that is there twice.
    return msgspec.Raw(text.encode()) if isinstance(fields, dict) else fields
