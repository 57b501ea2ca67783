"""The JSON schemas of the API's requests, used by the OpenAPI document and API Gateway's models."""

from __future__ import annotations

from typing import Any

from backend.contract import limits
from backend.contract.models import PRINTABLE, Event, Item, User
from backend.contract.rules.event_types import CONTEXT_COLUMNS, IMPRESSION, PURCHASE, SEARCH, WITH_QUANTITY

Schema = dict[str, Any]

CHOSEN_ITEMS = 5
"""Items that a visitor chooses."""

MAX_INTERESTS = 25
"""Interests that a visitor states."""

FACTS = ("age_group", "gender", "interests", "country", "region", "city")
"""The fields of a user that a visitor may state; interests as a list."""

MAX_RERANKED_ITEMS = 500
"""Most items of one ranking. https://docs.aws.amazon.com/personalize/latest/dg/API_RS_GetPersonalizedRanking.html"""

ID: Schema = {"type": "string", "minLength": 1, "maxLength": limits.MAX_ID_LENGTH, "pattern": PRINTABLE}
FILTER_VALUES: Schema = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "pattern": r'^[^\x00-\x1F\x7F"\\]*$'},
    "minItems": 1,
}
"""The values of a parameter of a filter, which stand between quotes in Amazon Personalize's filterValues."""

_NOT_BLANK = r"^ *[^\x00-\x20\x7F][^\x00-\x1F\x7F]*$"

LABEL: Schema = {"type": "string", "minLength": 1, "maxLength": limits.MAX_LABEL_LENGTH, "pattern": PRINTABLE}

LABELS = {
    "slot": "The place of the list in the shop; the record of the answer in served_lists has it.",
    "variation": "The variation of an experiment; the record of the answer in served_lists has it, and the answer too.",
}
"""What the requests for a list may state about it."""


def _given(field: str, kind: str = "string", **others: Schema) -> Schema:
    """Return the rule that a field is there and not null."""
    return {"required": [field], "properties": {field: {"type": kind}, **others}}


def _absent(*fields: str, **others: Schema) -> Schema:
    """Return the rule that fields are not there, or null."""
    return {"properties": {**{field: {"type": "null"} for field in fields}, **others}}


def _only(field: str, *types: str) -> Schema:
    """Return the rule that a field is for some types of event."""
    return {"anyOf": [_absent(field), {"properties": {"event_type": {"enum": sorted(types)}}}]}


_ITEM_OR_LIST: Schema = {
    "anyOf": [
        _given("item_id", event_type={"not": {"enum": [IMPRESSION]}}, positions={"type": "null"}),
        _absent("positions", event_type={"enum": [SEARCH]}),
        {
            "required": ["impression"],
            **_absent(
                *("item_id", "event_value", "position"),
                event_type={"enum": [IMPRESSION]},
                impression={"type": "array", "uniqueItems": True},
            ),
        },
    ]
}
_EVENT_RULES: Schema = {
    "allOf": [
        {"anyOf": [_given("user_id"), _given("session_id")]},
        _ITEM_OR_LIST,
        _only("order_id", PURCHASE),
        _only("quantity", *WITH_QUANTITY),
        {"anyOf": [_absent("currency"), _given("event_value", "number")]},
    ]
}
"""The rules of an event beyond those of its fields: an identity, an item, or for an Impression a list, and the fields
that only some events have."""


def record_schema(model: type[Event | Item | User]) -> Schema:
    """Return a record's schema without the titles that pydantic derives from the names."""
    schema: Schema = {"title": model.__name__, **_simple(model.model_json_schema())}
    return schema | _EVENT_RULES if model is Event else schema


def context_schema() -> Schema:
    """Return the schema of the context columns of a request."""
    value = {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": PRINTABLE}
    return {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(CONTEXT_COLUMNS, value)}


def rerank_schema() -> Schema:
    """Return the schema of the body of ``POST /rerank``."""
    return {
        "title": "Rerank",
        "type": "object",
        "additionalProperties": False,
        "required": ["user_id", "items"],
        "properties": {
            "user_id": {**ID, "description": "The user for whom the items are ordered."},
            "items": {
                "type": "array",
                "description": "The items to order, each once.",
                "items": ID,
                "uniqueItems": True,
                "minItems": 1,
                "maxItems": MAX_RERANKED_ITEMS,
            },
            "filter": {
                **ID,
                "description": "Name of a filter of model/solutions; items that do not pass it are left out.",
            },
            "filter_values": {
                "type": "object",
                "description": "Values of each parameter of the filter; a number is given as text.",
                "additionalProperties": FILTER_VALUES,
            },
            "context": {**context_schema(), "description": "The circumstances of the request by context column."},
            "derive_context": {
                "type": "boolean",
                "description": "Whether the request's headers and time give the other context columns.",
            },
            "details": {"type": "boolean", "description": "Whether to describe each item; at most 100 items then."},
            "fallback": {
                "type": "string",
                "enum": ["popular"],
                "description": "An unknown user's items are ordered by popularity instead of 404.",
            },
            "model": {
                **ID,
                "description": "A solution of model/solutions whose campaign ranks, by its name or its campaign's, or "
                "custom: a SageMaker endpoint.",
            },
            **{name: {**LABEL, "description": description} for name, description in LABELS.items()},
        },
    }


def visitor_schema() -> Schema:
    """Return the schema of the body of ``POST /recommendations``."""
    fields = record_schema(User)["properties"]
    facts = {name: {**fields[name], "type": "string", "pattern": _NOT_BLANK} for name in FACTS}
    facts["interests"] = {
        "type": "array",
        "description": "Interests of the user: categories of items, of at most 1,000 characters together.",
        "items": FILTER_VALUES["items"]
        | {
            "maxLength": facts["interests"]["maxLength"],
            "pattern": _NOT_BLANK.replace("x7F", r'x7F"\\'),
        },
        "uniqueItems": True,
        "minItems": 1,
        "maxItems": MAX_INTERESTS,
    }
    ranked = rerank_schema()["properties"]
    return {
        "title": "Visitor",
        "type": "object",
        "additionalProperties": False,
        "anyOf": [{"required": ["items"]}, {"required": ["facts"]}],
        "properties": {
            "items": {
                "type": "array",
                "description": "Five different items that the visitor has chosen.",
                "items": ID,
                "uniqueItems": True,
                "minItems": CHOSEN_ITEMS,
                "maxItems": CHOSEN_ITEMS,
            },
            "facts": {
                "type": "object",
                "description": "What the visitor states, as the fields of a user.",
                "additionalProperties": False,
                "minProperties": 1,
                "properties": facts,
            },
            "num_results": {
                "type": "integer",
                "description": "Number of items.",
                "minimum": 1,
                "maximum": 100,
                "default": 25,
            },
            **{name: ranked[name] for name in ("filter", "filter_values", "context")},
            "details": {"type": "boolean", "description": "Whether to describe each item."},
            **{name: ranked[name] for name in LABELS},
        },
    }


def new_upload_schema() -> Schema:
    """Return the schema of the body of ``POST /uploads``."""
    return {
        "title": "NewUpload",
        "type": "object",
        "additionalProperties": False,
        "required": ["size_bytes", "sha256", "content_type"],
        "properties": {
            "size_bytes": {
                "type": "integer",
                "description": "The object's size.",
                "minimum": 1,
                "maximum": limits.MAX_UPLOAD_BYTES,
            },
            "sha256": {
                "type": "string",
                "description": "Its SHA-256, hexadecimal digits in lower case.",
                "pattern": "^[0-9a-f]{64}$",
            },
            "content_type": {
                "type": "string",
                "description": "JSON lines, CSV, either of them in gzip, or Parquet.",
                "enum": ["application/gzip", "application/vnd.apache.parquet", "application/x-ndjson", "text/csv"],
            },
        },
    }


def train_schema() -> Schema:
    """Return the schema of the optional body of ``POST /train``."""
    return {
        "title": "Train",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "client_token": {
                "type": "string",
                "description": "Identifies the request, so that sending it twice starts one training.",
                "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$",
            },
            "trainer": {
                "type": "string",
                "description": "The trainer: personalize (Amazon or the engine, with the declared solutions), or "
                "sagemaker (a custom model on the same data sets, where Terraform enables it).",
                "enum": ["personalize", "sagemaker"],
                "default": "personalize",
            },
        },
    }


def batch_schema(event: Schema) -> Schema:
    """Return the schema of the body of ``POST /events``."""
    many = {"type": "array", "minItems": 1, "maxItems": limits.MAX_EVENTS_PER_REQUEST, "items": event}
    return {"title": "EventBatch", "oneOf": [event, many]}


def update_data_schema(records: dict[str, Schema]) -> Schema:
    """Return the schema of the body of ``POST /update-data``."""
    return {
        "title": "UpdateData",
        "oneOf": [
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["kind", "records"],
                "properties": {
                    "kind": {"type": "string", "enum": [kind]},
                    "records": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": limits.MAX_EVENTS_PER_REQUEST,
                        "items": schema,
                    },
                },
            }
            for kind, schema in records.items()
        ]
        + [
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["kind", "source"],
                "properties": {
                    "kind": {"type": "string", "enum": list(records)},
                    "source": {
                        "type": "string",
                        "description": "An uploaded object: JSON lines, CSV with a header, either in gzip, or Parquet.",
                        "pattern": "^s3://[a-z0-9.-]{3,63}/.{1,1024}$",
                    },
                },
            }
        ],
    }


def _simple(schema: Any) -> Any:
    """Return the schema with ``anyOf`` of a type and null joined, and without derived titles and null defaults."""
    if isinstance(schema, list):
        return [_simple(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    arms = schema.get("anyOf")
    if arms and len(arms) == 2 and arms[1] == {"type": "null"}:
        rest = {name: value for name, value in schema.items() if name not in ("anyOf", "title")}
        schema = {**arms[0], **rest, "type": [arms[0]["type"], "null"]}
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return {
        name: (
            {field: _simple(part) for field, part in value.items()}
            if name == "properties"
            else value
            if name in ("examples", "enum")
            else _simple(value)
        )
        for name, value in schema.items()
        if name != "title" and not (name == "default" and value is None)
    }
