"""Paths of SQL/JSON: https://trino.io/docs/current/functions/json.html#json-path-language.

An answer begins with a letter: ``x`` and the reason of an error, ``e`` for no item, ``v`` for the JSON of an item, and
of json_value by the type of the item ``s`` (text), ``b`` (boolean), ``i`` (integer), ``d`` (double), ``n`` (null).
"""

from __future__ import annotations

import functools
import re
from typing import Any

from deployment.emulator.athena.dialect.runtime.json_documents import dump, load

_STEP = re.compile(r'\s*(?:\.\s*(?:(\*)|([A-Za-z_]\w*)(?!\s*\()|"((?:[^"]|"")*)")|\[\s*(?:(\*)|(\d+)|(last))\s*\])')
_PATH = re.compile(r"\s*(lax|strict)\s*\$")
MAX_INTEGER = 2**63 - 1
# A boolean of Python is an integer, too.
_LETTERS = ((bool, "b"), (str, "s"), (float, "d"), (int, "i"), (type(None), "n"))


class UnsupportedPathError(ValueError):
    """A path that Trino does not have, or that the laptop does not have: filters, methods and arithmetic."""


class _PathError(ValueError):
    """A path does not fit its document."""


@functools.lru_cache(maxsize=256)
def parse(text: str) -> tuple[bool, tuple[tuple[str, Any], ...]]:
    """Return whether a path is strict, and its steps: ``member`` with a name or None for all, ``element`` likewise."""
    start = _PATH.match(text)
    if start is None:
        raise UnsupportedPathError(text)
    at, steps = start.end(), []
    while match := _STEP.match(text, at):
        every_member, name, quoted, every_element, place, _ = match.groups()
        if every_member or name or quoted is not None:
            steps.append(("member", None if every_member else name or quoted.replace('""', '"')))
        else:
            steps.append(("element", None if every_element else int(place) if place else -1))
        at = match.end()
    if text[at:].strip():
        raise UnsupportedPathError(text)
    return start[1] == "strict", tuple(steps)


def value(document: str, path: str) -> str:
    """Return the one scalar that json_value finds."""
    try:
        found = _find(document, path)
    except _PathError as error:
        return f"x{error}"
    if not found:
        return "e"
    refused = "JSON_VALUE_RESULT_ERROR: cannot extract SQL scalar from JSON: JSON path found "
    item = found[0]
    letter = next((letter for kind, letter in _LETTERS if isinstance(item, kind)), "x")
    if len(found) > 1:
        return f"x{refused}multiple items"
    if letter == "x" or (letter == "i" and abs(item) > MAX_INTEGER):
        return f"x{refused}an item that cannot be converted to an SQL value"
    return f"{letter}{item if letter == 's' else dump(item)}"


def query(document: str, path: str, options: str) -> str:
    """Return the JSON that json_query finds; of its options one names the wrapper, one may be OMIT."""
    try:
        found = _find(document, path)
    except _PathError as error:
        return f"x{error}"
    if not found:
        return "e"
    if "UNCONDITIONAL" in options or ("CONDITIONAL" in options and not _is_single_container(found)):
        found = [found]
    if len(found) > 1:
        return "xJSON_OUTPUT_CONVERSION_ERROR: conversion from JSON failed: JSON path found multiple items"
    is_unquoted = "OMIT" in options and isinstance(found[0], str)
    return f"v{found[0] if is_unquoted else dump(found[0])}"


def exists(document: str, path: str) -> str:
    """Return ``v`` if json_exists finds an item."""
    try:
        return "v" if _find(document, path) else "e"
    except _PathError as error:
        return f"x{error}"


def _is_single_container(items: list[Any]) -> bool:
    return len(items) == 1 and isinstance(items[0], dict | list)


def _find(document: str, path: str) -> list[Any]:
    is_strict, steps = parse(path)
    try:
        items = [load(document)]
    except (ValueError, RecursionError) as error:
        raise _PathError(f"JSON_INPUT_CONVERSION_ERROR: conversion to JSON failed: {error}") from error
    for kind, key in steps:
        step = _members if kind == "member" else _elements
        items = [found for item in items for found in step(item, key, is_strict=is_strict)]
    return items


def _members(item: Any, name: str | None, *, is_strict: bool) -> list[Any]:
    if isinstance(item, list) and not is_strict:
        return [found for entry in item if isinstance(entry, dict) for found in _members(entry, name, is_strict=False)]
    if isinstance(item, dict) and (name is None or name in item):
        return list(item.values()) if name is None else [item[name]]
    if is_strict:
        raise _structural_error("missing member or no object")
    return []


def _elements(item: Any, place: int | None, *, is_strict: bool) -> list[Any]:
    if is_strict and not isinstance(item, list):
        raise _structural_error("no array")
    items = item if isinstance(item, list) else [item]
    if place is None:
        return list(items)
    if -len(items) <= place < len(items):
        return [items[place]]
    if is_strict:
        raise _structural_error("invalid array subscript")
    return []


def _structural_error(reason: str) -> _PathError:
    return _PathError(f"PATH_EVALUATION_ERROR: path evaluation failed: structural error: {reason}")
