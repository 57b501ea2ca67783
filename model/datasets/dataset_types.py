"""The five dataset types with their required and reserved fields (developer guide, "Schemas")."""

from __future__ import annotations

from dataclasses import dataclass

from model.datasets import limits

INTERACTIONS, ITEMS, USERS = "INTERACTIONS", "ITEMS", "USERS"
ACTIONS, ACTION_INTERACTIONS = "ACTIONS", "ACTION_INTERACTIONS"
ECOMMERCE, VIDEO_ON_DEMAND = "ECOMMERCE", "VIDEO_ON_DEMAND"

# The "name" that a schema of each type must have.
RECORD_NAMES = {
    "Interactions": INTERACTIONS,
    "Items": ITEMS,
    "Users": USERS,
    "Actions": ACTIONS,
    "ActionInteractions": ACTION_INTERACTIONS,
}
# Types whose rows are events, stored in columns; the rows of the other types are stored by id.
OF_EVENTS = frozenset({INTERACTIONS, ACTION_INTERACTIONS})
# Next best action is for custom dataset groups only (developer guide, "Actions dataset").
OF_DOMAINS = frozenset({INTERACTIONS, ITEMS, USERS})
# The id column of each type whose rows have an id.
KEYS = {ITEMS: "ITEM_ID", USERS: "USER_ID", ACTIONS: "ACTION_ID"}
# The column of the item, or action, of an event.
SUBJECTS = {INTERACTIONS: "ITEM_ID", ACTION_INTERACTIONS: "ACTION_ID"}


@dataclass(frozen=True)
class Field:
    """The rules for a field with a required or reserved name.

    Attributes
    ----------
    categorical, textual : bool
        Whether it must be marked so; otherwise it must not be categorical.
    """

    kinds: tuple[str, ...]
    nullable: bool = True
    categorical: bool = False
    textual: bool = False


_ID = Field(("string",), nullable=False)
_TEXT, _NUMBER, _WHOLE = Field(("string",)), Field(("float",)), Field(("long",))
_CATEGORY, _PROSE = Field(("string",), categorical=True), Field(("string",), textual=True)

REQUIRED: dict[str, dict[str, Field]] = {
    INTERACTIONS: {"USER_ID": _ID, "ITEM_ID": _ID, "TIMESTAMP": Field(("long",), nullable=False)},
    ITEMS: {"ITEM_ID": _ID},
    USERS: {"USER_ID": _ID},
    ACTIONS: {"ACTION_ID": _ID},
    ACTION_INTERACTIONS: {
        "USER_ID": _ID,
        "ACTION_ID": _ID,
        "EVENT_TYPE": _ID,
        "TIMESTAMP": Field(("long",), nullable=False),
    },
}
_DOMAIN_REQUIRED: dict[tuple[str, str], dict[str, Field]] = {
    (ECOMMERCE, INTERACTIONS): {"EVENT_TYPE": _ID},
    (VIDEO_ON_DEMAND, INTERACTIONS): {"EVENT_TYPE": _ID},
    (ECOMMERCE, ITEMS): {"PRICE": _NUMBER, "CATEGORY_L1": _CATEGORY},
    (VIDEO_ON_DEMAND, ITEMS): {"CREATION_TIMESTAMP": _WHOLE, "GENRES": _CATEGORY},
}
_RESERVED: dict[str, dict[str, Field]] = {
    INTERACTIONS: {
        "EVENT_TYPE": _TEXT,
        "EVENT_VALUE": _NUMBER,
        "IMPRESSION": _TEXT,
        "RECOMMENDATION_ID": _TEXT,
        "EVENT_ATTRIBUTION_SOURCE": _TEXT,
    },
    # The guide's table for shops says float where its text and examples say long.
    ITEMS: {"CREATION_TIMESTAMP": Field(("long", "float"))},
    USERS: {},
    ACTIONS: {
        "CREATION_TIMESTAMP": _WHOLE,
        "VALUE": _WHOLE,
        # The guide gives the moment of expiry both names.
        "EXPIRATION_TIMESTAMP": _WHOLE,
        "ACTION_EXPIRATION_TIMESTAMP": _WHOLE,
        "REPEAT_FREQUENCY": _WHOLE,
    },
    ACTION_INTERACTIONS: {"IMPRESSION": _TEXT, "RECOMMENDATION_ID": _TEXT},
}
_DOMAIN_RESERVED: dict[tuple[str, str], dict[str, Field]] = {
    (ECOMMERCE, ITEMS): {
        "CATEGORY_L2": _CATEGORY,
        "CATEGORY_L3": _CATEGORY,
        "PRODUCT_DESCRIPTION": _PROSE,
        "AGE_GROUP": _CATEGORY,
        "ADULT": _CATEGORY,
        "GENDER": _CATEGORY,
    },
    (VIDEO_ON_DEMAND, ITEMS): {
        "PRICE": _NUMBER,
        "DURATION": _NUMBER,
        "GENRE_L2": _CATEGORY,
        "GENRE_L3": _CATEGORY,
        "AVERAGE_RATING": _NUMBER,
        "PRODUCT_DESCRIPTION": _PROSE,
        "CONTENT_OWNER": _CATEGORY,
        "CONTENT_CLASSIFICATION": _CATEGORY,
    },
    (VIDEO_ON_DEMAND, USERS): {"SUBSCRIPTION_MODEL": _CATEGORY},
}
MOST_METADATA = {
    INTERACTIONS: limits.INTERACTIONS_METADATA_COLUMNS,
    ITEMS: limits.ITEMS_METADATA_COLUMNS,
    USERS: limits.USERS_METADATA_COLUMNS,
    ACTIONS: limits.ACTIONS_METADATA_COLUMNS,
    ACTION_INTERACTIONS: limits.ACTION_INTERACTIONS_METADATA_COLUMNS,
}
# May not occur as values: they mostly mean that a file repeats its header among its rows.
KEYWORDS = frozenset({"USER_ID", "ITEM_ID", "ACTION_ID", "TIMESTAMP", "CREATION_TIMESTAMP"}) | frozenset(
    _RESERVED[INTERACTIONS]
)


def required_fields(dataset_type: str, domain: str | None) -> dict[str, Field]:
    """Return the fields that a schema must have."""
    return {**REQUIRED[dataset_type], **_DOMAIN_REQUIRED.get((domain or "", dataset_type), {})}


def known_fields(dataset_type: str, domain: str | None) -> dict[str, Field]:
    """Return the fields that have a meaning for the service: required and reserved ones."""
    reserved = {**_RESERVED[dataset_type], **_DOMAIN_RESERVED.get((domain or "", dataset_type), {})}
    return {**reserved, **required_fields(dataset_type, domain)}
