"""Single fields of a request, each read strictly: an error names the field and the rule that it broke."""

from __future__ import annotations

import re

from backend.http import BadRequestError

# Amazon Personalize: userId and itemId have at most 256 characters (API reference, GetRecommendations).
MAX_ID_CHARACTERS = 256

_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_NUMBER = re.compile(r"[0-9]{1,9}")

Query = dict[str, list[str]]
"""Every value of every parameter of a query."""


def read_id(value: object, field: str) -> str:
    """Return a text of 1 to 256 characters, as an id is."""
    if not isinstance(value, str):
        raise BadRequestError(field, "must be a string")
    if not 1 <= len(value) <= MAX_ID_CHARACTERS:
        raise BadRequestError(field, f"must have 1 to {MAX_ID_CHARACTERS} characters, this one has {len(value)}")
    if is_unprintable(value):
        raise BadRequestError(field, "must not have control characters or unpaired surrogates")
    return value


def is_unprintable(text: str) -> bool:
    """Return whether a text has a control character or half a surrogate pair."""
    return bool(_NO_TEXT.search(text))


def read_whole(value: str, field: str, most: int, condition: str = "") -> int:
    """Return a whole number from 1 to `most`; the condition under which that is so ends the rule."""
    if not _NUMBER.fullmatch(value) or not 1 <= int(value) <= most:
        raise BadRequestError(field, f"must be a whole number from 1 to {most}{condition}")
    return int(value)


def find_parameter(query: Query, name: str) -> str | None:
    """Return the value of a parameter that is given once; None where it is not given."""
    return query[name][0] if name in query else None


def refuse_unknown(query: Query, known: tuple[str, ...]) -> None:
    """Raise `BadRequestError` where a parameter is unknown or repeated."""
    for name, values in query.items():
        if name not in known:
            raise BadRequestError(name, f"is not known; known are: {', '.join(known) or 'none'}")
        refuse_repeated(name, values)


def refuse_repeated(name: str, values: list[str]) -> None:
    """Raise `BadRequestError` where a parameter has several values."""
    if len(values) != 1:
        raise BadRequestError(name, "must be given once")
