"""What DuckDB's regular expressions do not answer: the number of groups, and which of them took part in a match.

https://trino.io/docs/current/functions/regexp.html
"""

from __future__ import annotations

import functools
import re

_TOKEN = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]?|\((\?P?<(\w+)>|\?)?|.", re.DOTALL)
_REFERENCE = re.compile(r"\\(.)?|\$(?:(\d)|\{([^}]*)\}?)?|[^\\$]+", re.DOTALL)
# RE2 has references of one digit.
MAX_REFERENCE = 9


@functools.lru_cache(maxsize=256)
def groups(pattern: str) -> tuple[str | None, ...]:
    """Return the names of the groups that a pattern captures, None for one without a name."""
    found = (match for match in _TOKEN.finditer(pattern) if match[0].startswith("("))
    return tuple(match[2] for match in found if match[1] is None or match[2] is not None)


def count_groups(pattern: str) -> int:
    """Return the number of groups of a pattern."""
    return len(groups(pattern))


def replacement(text: str, pattern: str) -> str:
    """Return Trino's replacement (``$1``, ``${name}``, and a backslash before what is meant literally) as RE2's."""
    parts = _parts(text, pattern)
    if any(isinstance(part, int) and part > MAX_REFERENCE for part in parts):
        raise ValueError("NOT_SUPPORTED: more than nine groups in a replacement are not supported on the laptop")
    return "".join(f"\\{part}" if isinstance(part, int) else part.replace("\\", "\\\\") for part in parts)


def substitute(text: str, pattern: str, written: str) -> str:
    """Replace each match; unlike RE2, also an empty one directly after another."""
    parts = _parts(written, pattern)

    def expand(match: re.Match[str]) -> str:
        return "".join(match[part] or "" if isinstance(part, int) else part for part in parts)

    return _compile(pattern).sub(expand, text)


def pieces(text: str, pattern: str) -> list[str]:
    """Return what is between the matches; unlike RE2, also before and after an empty match."""
    found, at = [], 0
    for match in _compile(pattern).finditer(text):
        found.append(text[at : match.start()])
        at = match.end()
    return [*found, text[at:]]


def group(text: str, pattern: str, number: int) -> str | None:
    """Return a group of the first match, None if it took no part in it."""
    match = _compile(pattern).search(text)
    return None if match is None else match[number]


def group_of_all(text: str, pattern: str, number: int) -> list[str | None]:
    """Return a group of each match, None where it took no part."""
    return [match[number] for match in _compile(pattern).finditer(text)]


@functools.lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.ASCII)
    except re.error as error:
        raise ValueError(f"NOT_SUPPORTED: the regular expression is not supported on the laptop: {pattern}") from error


def _parts(text: str, pattern: str) -> list[str | int]:
    """Return a replacement as texts and numbers of groups."""
    parts: list[str | int] = []
    at = 0
    while match := _REFERENCE.match(text, at):
        at = match.end()
        escaped, digit, name = match.groups()
        if digit is not None:
            number = int(digit)
            while at < len(text) and text[at].isdecimal() and number * 10 + int(text[at]) <= count_groups(pattern):
                number, at = number * 10 + int(text[at]), at + 1
            if number > count_groups(pattern):
                raise _illegal(f"unknown group {number}")
            parts.append(number)
        elif name is not None:
            if name not in groups(pattern):
                raise _illegal(f"unknown group {{ {name} }}")
            parts.append(groups(pattern).index(name) + 1)
        elif match[0] in {"\\", "$"}:
            raise _illegal(text)
        else:
            parts.append(escaped or match[0])
    return parts


def _illegal(reason: str) -> ValueError:
    return ValueError(f"INVALID_FUNCTION_ARGUMENT: Illegal replacement sequence: {reason}")
