"""The place of the nth instance of a part of text."""

from __future__ import annotations


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
