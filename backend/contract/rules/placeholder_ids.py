"""Ids that a program writes where it has none; they would join strangers into one user."""

from __future__ import annotations

from backend.contract.limits import MAX_ID_LENGTH

_WORDS = ("null", "nil", "none", "undefined", "NaN", "[object Object]", "(null)", "<null>", "(none)")

PLACEHOLDER_IDS = frozenset(
    {
        *(form for word in _WORDS for form in (word, word.lower(), word.upper(), word.capitalize())),
        *(" " * length for length in range(1, MAX_ID_LENGTH + 1)),
    }
)
"""The words in the spellings that programs write, and blanks. A set, since every id of every event is compared."""

RULE = "must be an id, not a placeholder such as null, undefined or blanks; leave the field out where there is no id"
