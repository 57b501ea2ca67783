"""The API as an OpenAPI 3.1 document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from backend.contract.access.roles import API_VERSION, PAGE_ROLES, ROLES
from backend.contract.generators.answers import answer_schemas
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
from backend.contract.generators.routes import paths
from backend.contract.models import Event, Item, User

if TYPE_CHECKING:
    from collections.abc import Container


def document() -> str:
    """Return the document as JSON."""
    return json.dumps(_document(), indent=2, ensure_ascii=False) + "\n"


def _document() -> Schema:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rivulet",
            "version": API_VERSION,
            "summary": "Clickstream in, personal recommendations out.",
            "description": (
                "Send the interactions of users, and request recommendations for them. An error names the field and "
                "the rule that it broke; an answer of 429 or 503 has the time of a retry in Retry-After."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {
                "url": "https://{api}.execute-api.{region}.amazonaws.com/v1",
                "description": "The value of Terraform's output api_url.",
                "variables": {
                    "api": {"default": "api", "description": "Id of the REST API."},
                    "region": {"default": "eu-central-1", "description": "Region of the API."},
                },
            }
        ],
        "security": [{"key": []}],
        "tags": [
            {"name": "producers", "description": "Send events, items and users."},
            {"name": "applications", "description": "Request recommendations."},
            {"name": "operators", "description": "Training."},
        ],
        "paths": paths(),
        "components": {
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": _roles(ROLES)},
                "page_key": {"type": "apiKey", "in": "query", "name": "key", "description": _roles(PAGE_ROLES)},
            },
            "schemas": {**_request_schemas(), **answer_schemas()},
        },
    }


def _roles(roles: Container[str]) -> str:
    """Return the roles that a key may have, each with what it permits."""
    return "; ".join(f"{role}: {text}" for role, text in ROLES.items() if role in roles)


def _request_schemas() -> dict[str, Schema]:
    def reference(name: str) -> Schema:
        return {"$ref": f"#/components/schemas/{name}"}

    return {
        "Event": record_schema(Event),
        "Item": record_schema(Item),
        "User": record_schema(User),
        "EventBatch": batch_schema(reference("Event")),
        "UpdateData": update_data_schema(
            {"interactions": reference("Event"), "items": reference("Item"), "users": reference("User")}
        ),
        "NewUpload": new_upload_schema(),
        "Rerank": rerank_schema(),
        "Visitor": visitor_schema(),
        "Train": train_schema(),
    }
