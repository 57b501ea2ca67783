"""Numbers of a JSON body."""

from __future__ import annotations


def whole_number(value: object) -> int | None:
    """Return a number without a fraction, which 25.0 is as well as 25 (JSON Schema); None for anything else."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
