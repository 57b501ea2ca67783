"""The types of event that are interactions, and how many there may be; a test compares them with the contract."""

from __future__ import annotations

SEARCH = "Search"
"""Needs no item: the event tracker gets it, since it identifies its session's user, and the data sets do not."""

IMPRESSION = "Impression"
"""A list that was seen: no interaction, and it identifies no user."""

INTERACTION_TYPES = ("View", "Click", "AddToCart", "Purchase", "Watch", "Rating", "Like")
"""The interactions where the job is given no other types."""

CONTEXT_COLUMNS = ("DEVICE", "HOUR")
"""Optional columns of the data set of interactions, which count with its types of event."""

MAX_TYPES_AND_CONTEXT_COLUMNS = 10
"""https://docs.aws.amazon.com/personalize/latest/dg/limits.html"""


class EventTypesError(ValueError):
    """Types of event that the data set of interactions cannot have; the message names them."""


def read_interaction_types(text: str) -> tuple[str, ...]:
    """Return types of event that are separated by commas; the tracker's searches count with them."""
    types = tuple(name.strip() for name in text.split(",") if name.strip())
    if not types or {SEARCH, IMPRESSION} & {*types}:
        raise EventTypesError(f"{text!r} must name types of event that have an item")
    if len({*types}) + 1 + len(CONTEXT_COLUMNS) > MAX_TYPES_AND_CONTEXT_COLUMNS:
        raise EventTypesError(
            f"{text!r} names {len({*types})} types of event; with {SEARCH} and the columns "
            f"{' and '.join(CONTEXT_COLUMNS)} there may be {MAX_TYPES_AND_CONTEXT_COLUMNS}"
        )
    return types
