"""The bodies of the requests as API Gateway's models, which are JSON schemas of draft 4.

https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
"""

from __future__ import annotations

import json
from typing import Any

from backend.contract.generators.api import (
    Schema,
    batch_schema,
    new_upload_schema,
    record_schema,
    rerank_schema,
    train_schema,
    update_data_schema,
    visitor_schema,
)
from backend.contract.models import Event, Item, User

DRAFT_4 = "http://json-schema.org/draft-04/schema#"


def models() -> str:
    """Return the schema of each body by its model's name."""
    event, item, user = (record_schema(model) for model in (Event, Item, User))
    schemas = {
        "Event": event,
        "EventBatch": batch_schema(event),
        "Item": item,
        "User": user,
        "UpdateData": update_data_schema({"interactions": event, "items": item, "users": user}),
        "NewUpload": new_upload_schema(),
        "Rerank": rerank_schema(),
        "Visitor": visitor_schema(),
        "Train": train_schema(),
    }
    drafted = {name: {"$schema": DRAFT_4, **_draft_4(schema)} for name, schema in schemas.items()}
    return json.dumps(drafted, indent=2, ensure_ascii=False) + "\n"


def _draft_4(schema: Schema) -> Schema:
    """Return the schema without keywords that are newer than draft 4."""
    drafted: dict[str, Any] = {}
    for name, value in schema.items():
        if name == "const":
            drafted["enum"] = [value]
        elif name == "properties":
            drafted[name] = {field: _draft_4(part) for field, part in value.items()}
        elif name == "patternProperties":
            # Draft 4 has them, but API Gateway documents additionalProperties only.
            (drafted["additionalProperties"],) = (_draft_4(part) for part in value.values())
        elif name != "examples":
            drafted[name] = _parts(value)
    return drafted


def _parts(value: Any) -> Any:
    if isinstance(value, dict):
        return _draft_4(value)
    if isinstance(value, list):
        return [_draft_4(part) if isinstance(part, dict) else part for part in value]
    return value
