"""JSON as Trino's type holds it: parsed, with its keys in order, and its numbers as Jackson writes them."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from deployment.emulator.athena.dialect.runtime.doubles import java_text

_NAME = re.compile(r"[\w:]+")
_SUBSCRIPT = re.compile(r'"((?:[^"\\]|\\["\\])*)"|(\w+)')


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def load(text: str) -> Any:
    """Parse JSON; `ValueError` for what is none, such as ``NaN``."""
    return json.loads(text, parse_constant=_refuse_constant)


def dump(document: Any, *, has_sorted_keys: bool = False) -> str:
    """Write JSON without spaces, with doubles as Java prints them."""
    if isinstance(document, dict):
        # Java compares UTF-16.
        keys = sorted(document, key=lambda key: key.encode("utf-16-be")) if has_sorted_keys else document
        members = (f"{dump(key)}:{dump(document[key], has_sorted_keys=has_sorted_keys)}" for key in keys)
        return "{" + ",".join(members) + "}"
    if isinstance(document, list):
        return "[" + ",".join(dump(item, has_sorted_keys=has_sorted_keys) for item in document) + "]"
    if isinstance(document, float):
        return java_text(document)
    return json.dumps(document, ensure_ascii=False)


def parse(text: str) -> str:
    """Return the value of json_parse: of several members with one key the last, keys in order."""
    try:
        return dump(load(text), has_sorted_keys=True)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: '{text}'") from error


def rewrite(text: str) -> str:
    """Return JSON as json_extract copies it: in its order."""
    return dump(load(text))


def number(document: str, place: str) -> str:
    """Return the number that a path of json_extract leads to, with its digits as the document writes them."""
    value: Any = json.loads(document, parse_float=str, parse_int=str)
    for step in _steps(place):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return str(value)


def path(text: str) -> str:
    """Return a path of json_extract in DuckDB's form, numbers as places in arrays."""
    return "$" + "".join(f"[{step}]" if step.isdecimal() else _member(step) for step in _steps(text))


def members_path(text: str) -> str:
    """Return a path in DuckDB's form, numbers as names of members: to Trino they may be either."""
    return "$" + "".join(map(_member, _steps(text)))


def _steps(text: str) -> list[str]:
    """Return the names and places that a path of json_extract consists of; it has no wildcards and filters."""
    steps: list[str] = []
    at = 1
    while at < len(text):
        is_name = text[at] == "."
        match = (_NAME if is_name else _SUBSCRIPT).match(text, at + 1)
        if text[at] not in ".[" or match is None or (not is_name and text[match.end() : match.end() + 1] != "]"):
            raise _invalid(text)
        name = match[0] if is_name else match[2] or re.sub(r"\\(.)", r"\1", match[1])
        steps.append(name)
        at = match.end() + (not is_name)
    if text[:1] != "$":
        raise _invalid(text)
    return steps


def _member(name: str) -> str:
    return '."' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _invalid(text: str) -> ValueError:
    return ValueError(f"INVALID_FUNCTION_ARGUMENT: Invalid JSON path: '{text}'")
