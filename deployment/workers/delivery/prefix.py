"""Evaluates S3 prefixes with expressions, and formats the times in them, as Firehose does.

Source: Firehose developer guide, "Understand custom prefixes for Amazon S3 objects".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

DEFAULT_TIME = "yyyy/MM/dd/HH/"
"""Appended to a prefix without an expression of time."""

RANDOM_LENGTH = 11
"""Characters of ``!{firehose:random-string}``."""

_EXPRESSION = re.compile(r"!\{([^:}]*):([^}]*)\}")
_PATTERN_PART = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")

_LETTERS: dict[str, Callable[[datetime, int], str]] = {
    "y": lambda moment, width: f"{moment.year % 100:02d}" if width == 2 else f"{moment.year:0{width}d}",
    "M": lambda moment, width: {3: f"{moment:%b}", 4: f"{moment:%B}"}.get(width, f"{moment.month:0{width}d}"),
    "d": lambda moment, width: f"{moment.day:0{width}d}",
    "D": lambda moment, width: f"{moment.timetuple().tm_yday:0{width}d}",
    "H": lambda moment, width: f"{moment.hour:0{width}d}",
    "m": lambda moment, width: f"{moment.minute:0{width}d}",
    "s": lambda moment, width: f"{moment.second:0{width}d}",
    "S": lambda moment, width: f"{moment.microsecond:06d}".ljust(width, "0")[:width],
}


def format_moment(pattern: str, moment: datetime) -> str:
    """Format a time by a Java DateTimeFormatter pattern.

    Parameters
    ----------
    pattern
        Letters y, M, d, D, H, m, s and S, text in single quotes, and any characters that are not letters.
    moment
        The time, in the zone of the result.

    Raises
    ------
    ValueError
        If the pattern has another letter.
    """
    written = []
    for part in _PATTERN_PART.finditer(pattern):
        text, letter = part.group(1), part.group(2)
        if letter is not None:
            if letter not in _LETTERS:
                raise ValueError(f"the letter {letter!r} in {pattern!r} is not one of {', '.join(_LETTERS)}")
            written.append(_LETTERS[letter](moment, len(part.group())))
        elif text is not None:
            written.append(text.replace("''", "'") or "'")
        else:
            written.append(part.group())
    return "".join(written)


def expand_prefix(template: str, moment: datetime, random: str) -> str:
    """Evaluate the prefix of delivered objects.

    Parameters
    ----------
    moment
        Arrival of the object's oldest record, in the delivery stream's time zone.
    random
        The value of ``!{firehose:random-string}``.

    Returns
    -------
    str
        The prefix, followed by the default time when it has no expression of the timestamp namespace.
    """
    prefix = _expand(template, moment, random, "")
    return prefix if "!{timestamp:" in template else prefix + format_moment(DEFAULT_TIME, moment)


def expand_error_prefix(error_template: str, template: str, error_type: str, moment: datetime, random: str) -> str:
    """Evaluate the prefix of failed records.

    Parameters
    ----------
    error_template
        The error output prefix; may be empty.
    template
        The prefix, which replaces an empty error prefix.
    error_type
        ``processing-failed`` or ``format-conversion-failed``.

    Returns
    -------
    str
        The prefix; the error type and the default time follow a template without expressions.
    """
    chosen = error_template or template
    if _EXPRESSION.search(chosen):
        return _expand(chosen, moment, random, error_type)
    return f"{chosen}{error_type}/{format_moment(DEFAULT_TIME, moment)}"


def unsupported_expressions(template: str) -> list[str]:
    """Return the expressions of a prefix that cannot be evaluated.

    They have another namespace (dynamic partitioning) or unknown pattern letters.
    """
    unsupported = []
    for expression in _EXPRESSION.finditer(template):
        namespace, value = expression.groups()
        letters = {part.group(2) for part in _PATTERN_PART.finditer(value)} - {None}
        is_known = letters <= set(_LETTERS) if namespace == "timestamp" else namespace == "firehose"
        if not is_known or (namespace == "firehose" and value not in {"random-string", "error-output-type"}):
            unsupported.append(expression.group())
    return unsupported


def _expand(template: str, moment: datetime, random: str, error_type: str) -> str:
    def value_of(expression: re.Match[str]) -> str:
        namespace, value = expression.groups()
        if namespace == "timestamp":
            return format_moment(value, moment)
        return random[:RANDOM_LENGTH] if value == "random-string" else error_type

    return _EXPRESSION.sub(value_of, template)
