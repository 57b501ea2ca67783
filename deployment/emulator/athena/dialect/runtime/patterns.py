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
    written, at = [], 0
    while match := _REFERENCE.match(text, at):
        at = match.end()
        escaped, digit, name = match.groups()
        if digit is not None:
            reference = int(digit)
            while at < len(text) and text[at].isdecimal() and reference * 10 + int(text[at]) <= count_groups(pattern):
                reference, at = reference * 10 + int(text[at]), at + 1
            written.append(_reference(reference, pattern))
        elif name is not None:
            if name not in groups(pattern):
                raise _illegal(f"unknown group {{ {name} }}")
            written.append(_reference(groups(pattern).index(name) + 1, pattern))
        elif match[0] in {"\\", "$"}:
            raise _illegal(text)
        else:
            written.append((escaped or match[0]).replace("\\", "\\\\"))
    return "".join(written)


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


def _reference(number: int, pattern: str) -> str:
    if number > count_groups(pattern):
        raise _illegal(f"unknown group {number}")
    if number > MAX_REFERENCE:
        raise ValueError("NOT_SUPPORTED: more than nine groups in a replacement are not supported on the laptop")
    return f"\\{number}"


def _illegal(reason: str) -> ValueError:
    return ValueError(f"INVALID_FUNCTION_ARGUMENT: Illegal replacement sequence: {reason}")
