"""The Avro schemas of the datasets, as Amazon Personalize requires them.

Rules: https://docs.aws.amazon.com/personalize/latest/dg/how-it-works-dataset-schema.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from backend.contract.models import HOUR, Column, Event, Item, User

if TYPE_CHECKING:
    from pydantic import BaseModel

NAMESPACE = "com.amazonaws.personalize.schema"


def interactions() -> str:
    """Return the schema of the Item interactions dataset."""
    return _schema("Interactions", Event, HOUR)


def items() -> str:
    """Return the schema of the Items dataset."""
    return _schema("Items", Item)


def users() -> str:
    """Return the schema of the Users dataset."""
    return _schema("Users", User)


def _schema(name: str, model: type[BaseModel], *derived: Column) -> str:
    columns = [
        column for field in model.model_fields.values() for column in field.metadata if isinstance(column, Column)
    ]
    schema = {
        "type": "record",
        "name": name,
        "namespace": NAMESPACE,
        "fields": [_field(column) for column in (*columns, *derived)],
        "version": "1.0",
    }
    return json.dumps(schema, indent=2) + "\n"


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "type": [column.type, "null"] if column.nullable else column.type}
    if column.categorical:
        field["categorical"] = True
    if column.textual:
        field["textual"] = True
    return field
