"""Filter patterns: which records a mapping lets through."""

from __future__ import annotations

import json
import operator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deployment.workers.shards import Record

_ABSENT = object()

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}

_OF_TEXT: dict[str, Callable[[str, str], bool]] = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "equals-ignore-case": lambda value, wanted: value.casefold() == wanted.casefold(),
}


def lets_through(patterns: Sequence[Any], record: Record) -> bool:
    """Tell whether a record matches one of a mapping's patterns.

    Parameters
    ----------
    patterns
        The parsed patterns; none lets everything through.
    record
        The record. Its ``data`` is matched as JSON where it is JSON, and matches no pattern of ``data`` where it is
        not (Lambda developer guide, "Using event filtering with a Kinesis event source").

    Returns
    -------
    bool
        Whether the function gets to see it.
    """
    if not patterns:
        return True
    event: dict[str, Any] = {
        "partitionKey": record.partition_key,
        "sequenceNumber": record.sequence,
        "approximateArrivalTimestamp": record.arrived,
        "kinesisSchemaVersion": "1.0",
    }
    with suppress(ValueError):
        event["data"] = json.loads(record.data)
    return any(matches(pattern, event) for pattern in patterns)


def matches(pattern: Any, value: Any) -> bool:
    """Match a value against a pattern in the syntax of EventBridge.

    Parameters
    ----------
    pattern
        An object of patterns by key, of which all must match, or a list of rules, of which one must.
    value
        Any JSON value.

    Returns
    -------
    bool
        Whether it matches.
    """
    if isinstance(pattern, dict):
        if "$or" in pattern:
            others = {key: part for key, part in pattern.items() if key != "$or"}
            return matches(others, value) and any(matches(part, value) for part in pattern["$or"])
        inner = value if isinstance(value, dict) else {}
        return all(matches(part, inner.get(key, _ABSENT)) for key, part in pattern.items())
    values = value if isinstance(value, list) and value else [value]
    return any(_obeys(rule, one) for rule in pattern for one in values)


def _obeys(rule: Any, value: Any) -> bool:
    if not isinstance(rule, dict):
        return type(rule) is type(value) and bool(rule == value)
    name, wanted = next(iter(rule.items()))
    if name == "exists":
        return (value is not _ABSENT) is wanted
    if value is _ABSENT:
        return False
    if name == "anything-but":
        return not any(_obeys(one, value) for one in (wanted if isinstance(wanted, list) else [wanted]))
    if name == "numeric":
        return _is_number(value) and all(
            _COMPARISONS[comparison](value, bound) for comparison, bound in zip(wanted[::2], wanted[1::2], strict=True)
        )
    return isinstance(value, str) and name in _OF_TEXT and _OF_TEXT[name](value, wanted)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
