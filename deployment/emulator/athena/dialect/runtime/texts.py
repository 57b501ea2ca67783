"""Text that DuckDB reads otherwise: a number of JSON as it is written, and the place of the nth instance."""

from __future__ import annotations

import json
import re
from typing import Any

# `.name`, `["name"]` or `[1]`.
_STEP = re.compile(r"""\.([^.\[]+)|\["([^"]*)"\]|\[(\d+)\]""")


def json_number(document: str, path: str) -> str:
    """Return the number that a path leads to, with its digits as the document writes them."""
    value: Any = json.loads(document, parse_float=str, parse_int=str)
    for name, quoted, index in _STEP.findall(path):
        value = value[int(index)] if index else value[name or quoted]
    return str(value)


def find_instance(text: str, part: str, instance: int) -> int:
    """Return the place from 1 of the nth instance of a part, from the end where n is negative; 0 without one."""
    if instance == 0:
        raise ValueError("INVALID_FUNCTION_ARGUMENT: 'instance' must not be a positive or negative number.")
    place = -1 if instance > 0 else len(text)
    for _ in range(abs(instance)):
        place = text.find(part, place + 1) if instance > 0 else text.rfind(part, 0, max(place + len(part) - 1, 0))
        if place < 0:
            return 0
    return place + 1
