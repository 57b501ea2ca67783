"""The parts that the routes are described with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backend.contract.generators.api import Schema

_JSON = "application/json"
_RETRY_AFTER: Schema = {
    "Retry-After": {"description": "Seconds after which to retry.", "schema": {"type": "integer", "minimum": 1}}
}


def operation(
    name: str,
    tag: str,
    summary: str,
    description: str,
    *,
    answers: dict[str, Schema],
    body: Schema | None = None,
    parameters: list[Schema] | None = None,
) -> Schema:
    """Return an operation with its answers by status."""
    described: Schema = {"operationId": name, "tags": [tag], "summary": summary, "description": description}
    if parameters:
        described["parameters"] = parameters
    if body:
        described["requestBody"] = body
    described["responses"] = answers
    return described


def in_path(name: str, description: str, schema: Schema, example: Any) -> Schema:
    """Return a parameter in the path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
        "example": example,
    }


def in_query(name: str, description: str, schema: Schema, example: Any) -> Schema:
    """Return an optional parameter of the query, with an example unless it is None."""
    shown = {} if example is None else {"example": example}
    return {"name": name, "in": "query", "description": description, "schema": schema, **shown}


def body(name: str, **examples: Any) -> Schema:
    """Return a body of a schema, with examples by their titles."""
    return {
        "required": True,
        "content": {
            _JSON: {
                "schema": {"$ref": f"#/components/schemas/{name}"},
                "examples": {title: {"value": value} for title, value in examples.items()},
            }
        },
    }


def answer(description: str, names: str | list[str], example: Any, **more: Any) -> Schema:
    """Return an answer of one of several schemas, with an example of one of them."""
    references = [{"$ref": f"#/components/schemas/{name}"} for name in ([names] if isinstance(names, str) else names)]
    schema: Schema = references[0] if len(references) == 1 else {"anyOf": references}
    examples = {"example": {"value": example}, **{title: {"value": value} for title, value in more.items()}}
    return {"description": description, "content": {_JSON: {"schema": schema, "examples": examples}}}


def retry(description: str, names: str | list[str], example: Any, **more: Any) -> Schema:
    """Return an answer with the time of a retry."""
    return {**answer(description, names, example, **more), "headers": _RETRY_AFTER}
