"""The types of event, which Terraform checks its variable `event_types` against."""

from __future__ import annotations

import json

from backend.contract.models import HOUR, Column, Event
from backend.contract.rules.event_types import (
    DEFAULT_INTERACTION_TYPES,
    IMPRESSION,
    MAX_TYPES_AND_CONTEXT_COLUMNS,
    SEARCH,
    TYPE_NAME,
    TYPES,
)


def event_types() -> str:
    """Return the contract's types, those that are interactions by default, and what counts with them."""
    columns = [column for field in Event.model_fields.values() for column in field.metadata]
    context = [column.name for column in (*columns, HOUR) if isinstance(column, Column) and column.categorical]
    stated = {
        "types": TYPES,
        "without_item": [SEARCH, IMPRESSION],
        "interactions": DEFAULT_INTERACTION_TYPES,
        "context_columns": context,
        "max_types_and_context_columns": MAX_TYPES_AND_CONTEXT_COLUMNS,
        "own_type_pattern": TYPE_NAME,
    }
    return json.dumps(stated, indent=2) + "\n"
