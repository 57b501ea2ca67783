"""Patterns of dates and times, MySQL's and Joda's, as DuckDB's directives.

https://trino.io/docs/current/functions/datetime.html, "MySQL date functions" and "Java date functions"
"""

from __future__ import annotations

import re
from functools import partial

# %D %U %u %V %w %X are not supported by Trino.
MYSQL = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I", "I": "%I", "i": "%M",
    "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S",
    "T": "%H:%M:%S", "v": "%V", "W": "%A", "x": "%G", "Y": "%Y", "y": "%y", "%": "%%",
}  # fmt: skip
UNSUPPORTED_BY_TRINO = "DUuVwX"
JODA = {
    "yyyy": "%Y", "YYYY": "%Y", "y": "%Y", "yy": "%y", "xxxx": "%G", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%-m",
    "dd": "%d", "d": "%-d", "DDD": "%j", "ww": "%V", "e": "%u", "EEEE": "%A", "EEE": "%a", "EE": "%a", "E": "%a",
    "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "SSS": "%g",
    "SSSSSS": "%f", "a": "%p",
}  # fmt: skip
_MYSQL_TOKEN = re.compile("%(.)|(.)", re.DOTALL)
_JODA_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|.", re.DOTALL)


class UnsupportedPatternError(ValueError):
    """A directive that Trino or the laptop does not support."""


def mysql(pattern: str) -> str:
    """Translate the pattern of date_format and date_parse; `UnsupportedPatternError` for what Trino refuses."""
    return _MYSQL_TOKEN.sub(_mysql_token, pattern)


def joda(pattern: str) -> str:
    """Translate the pattern of format_datetime and parse_datetime; `UnsupportedPatternError` for other directives."""
    return _JODA_TOKEN.sub(partial(_joda_token, pattern), pattern)


def _mysql_token(token: re.Match[str]) -> str:
    if token[1] is None:
        return token[0]
    if token[1] in UNSUPPORTED_BY_TRINO:
        raise UnsupportedPatternError(f"%{token[1]} not currently supported in date format string")
    return MYSQL.get(token[1], token[1])


def _joda_token(pattern: str, token: re.Match[str]) -> str:
    if token[1] is not None:
        return (token[1].replace("''", "'") or "'").replace("%", "%%")
    if not token[0][0].isalpha():
        return token[0].replace("%", "%%")
    if token[0] not in JODA:
        raise UnsupportedPatternError(f"{token[0]} in the pattern {pattern} is not supported on the laptop")
    return JODA[token[0]]
