"""The types of event: those that are accepted, and those that reach the recommender.

A deployment can accept types of its own and choose which types are interactions: Terraform's variable `event_types`
becomes the environment variables that are read here.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

EventType = Literal[
    "View",
    "Click",
    "AddToCart",
    "RemoveFromCart",
    "Purchase",
    "Watch",
    "Rating",
    "Like",
    "Dislike",
    "Search",
    "Impression",
]

SEARCH = "Search"
"""The only type that may have no item and no list; it reaches the event tracker, since it names the user of a session,
and never the data sets."""

IMPRESSION = "Impression"
"""A list that was seen; it reaches neither the event tracker nor the history nor the data sets."""

PURCHASE = "Purchase"

WITH_QUANTITY = frozenset({PURCHASE, "AddToCart", "RemoveFromCart"})

TYPES: tuple[str, ...] = get_args(EventType)

DEFAULT_INTERACTION_TYPES = ("View", "Click", "AddToCart", "Purchase", "Watch", "Rating", "Like")
"""Without RemoveFromCart and Dislike: Personalize takes every interaction for interest. With Search and the context
columns they are as many as Personalize accepts."""

CONTEXT_COLUMNS = ("DEVICE", "HOUR")
"""Optional columns of the data set of interactions that a request for recommendations may state."""

MAX_TYPES_AND_CONTEXT_COLUMNS = 10
"""Types of event, Search included, and optional columns of the data set of interactions, together.
https://docs.aws.amazon.com/personalize/latest/dg/limits.html"""

OWN_TYPES_VARIABLE = "OWN_EVENT_TYPES"
INTERACTION_TYPES_VARIABLE = "INTERACTION_TYPES"
"""Environment variables: types separated by commas."""

TYPE_NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"
"""Form of a type that a deployment adds."""

_TYPE_NAME = re.compile(TYPE_NAME.replace("$", r"\Z"))


class EventTypesError(ValueError):
    """The configured types of event contradict the contract; the message names the type."""


def read_own_types(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the types that a deployment accepts beyond those of the contract."""
    own = _split(environment.get(OWN_TYPES_VARIABLE, ""))
    known = {name.lower() for name in TYPES}
    for name in own:
        if not _TYPE_NAME.match(name):
            raise EventTypesError(f"{OWN_TYPES_VARIABLE}: {name!r} must be 1 to 64 letters, digits, _ and -")
        if name.lower() in known:
            raise EventTypesError(f"{OWN_TYPES_VARIABLE}: {name} differs from another type by its case at most")
        known.add(name.lower())
    return own


def read_interaction_types(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the types of event that reach the event tracker and the data sets."""
    types = _split(environment.get(INTERACTION_TYPES_VARIABLE, "")) or DEFAULT_INTERACTION_TYPES
    for name in types:
        if name in (SEARCH, IMPRESSION) or name not in (*TYPES, *read_own_types(environment)):
            raise EventTypesError(f"{INTERACTION_TYPES_VARIABLE}: {name} is no type of event that has an item")
    return types


def _split(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


OWN_TYPES = read_own_types(os.environ)

INTERACTION_TYPES = read_interaction_types(os.environ)

FORWARDED_TYPES = frozenset({*INTERACTION_TYPES, SEARCH})
"""The types that the event tracker and the history get as they are; the lake stores all."""
