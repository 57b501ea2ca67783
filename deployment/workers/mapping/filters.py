"""Filter patterns: decide which records a mapping passes to the function."""

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

_TEXT_RULES: dict[str, Callable[[str, str], bool]] = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "equals-ignore-case": lambda value, wanted: value.casefold() == wanted.casefold(),
}


def passes_filters(patterns: Sequence[Any], record: Record) -> bool:
    """Return whether a record matches one of a mapping's patterns.

    Source: Lambda developer guide, "Using event filtering with a Kinesis event source".

    Parameters
    ----------
    patterns
        The parsed patterns; without any, every record passes.
    record
        The record. Its ``data`` is matched as JSON; data that is not JSON matches no pattern of ``data``.
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
    """Return whether a value matches a pattern in the syntax of EventBridge.

    A pattern is an object of patterns by key, all of which must match, or a list of rules, one of which must.
    """
    if isinstance(pattern, dict):
        if "$or" in pattern:
            others = {key: part for key, part in pattern.items() if key != "$or"}
            return matches(others, value) and any(matches(part, value) for part in pattern["$or"])
        inner = value if isinstance(value, dict) else {}
        return all(matches(part, inner.get(key, _ABSENT)) for key, part in pattern.items())
    values = value if isinstance(value, list) and value else [value]
    return any(_matches_rule(rule, candidate) for rule in pattern for candidate in values)


def _matches_rule(rule: Any, value: Any) -> bool:
    if not isinstance(rule, dict):
        return type(rule) is type(value) and bool(rule == value)
    name, operand = next(iter(rule.items()))
    if name == "exists":
        return (value is not _ABSENT) is operand
    if value is _ABSENT:
        return False
    if name == "anything-but":
        return not any(
            _matches_rule(excluded, value) for excluded in (operand if isinstance(operand, list) else [operand])
        )
    if name == "numeric":
        return _is_number(value) and all(
            _COMPARISONS[comparison](value, bound)
            for comparison, bound in zip(operand[::2], operand[1::2], strict=True)
        )
    return isinstance(value, str) and name in _TEXT_RULES and _TEXT_RULES[name](value, operand)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
