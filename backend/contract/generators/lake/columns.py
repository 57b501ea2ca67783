"""The columns of the lake's tables, which Terraform declares in the Glue catalogue."""

from __future__ import annotations

import json
import types
import typing
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from backend.contract.lines.served_lists import ServedList
from backend.contract.models import Event, Item, User

if TYPE_CHECKING:
    import msgspec
    from pydantic import BaseModel

_PLAIN = {str: "string", int: "bigint", float: "double", datetime: "timestamp"}

_BOT = {"name": "bot", "type": "boolean", "comment": "Whether its session is too fast for a human; else NULL."}

_BAD_ROWS = [
    ("source", "string", "The function that refused it."),
    ("reason", "string", "The first broken rule's kind."),
    ("errors", "array<struct<field:string,rule:string>>", "Every broken rule."),
    ("payload", "string", "The record's bytes in base64."),
    ("received_at", "string", "When it arrived, RFC 3339 in UTC."),
    ("event_id", "string", "The event's id, where one can be read."),
    ("schema_version", "string", "Version of this form; NULL in rows from before it had one."),
]


def columns() -> str:
    """Return the columns of each table: name, Hive type, comment."""
    tables = {
        "events": _event_columns(),
        # Tables of JSON lines store instants as RFC 3339 text, since the JSON readers disagree on timestamps.
        "items": _columns(Item, as_text=True),
        "users": _columns(User, as_text=True),
        "bad_rows": [{"name": name, "type": kind, "comment": comment} for name, kind, comment in _BAD_ROWS],
        "served_lists": _line_columns(ServedList),
    }
    return json.dumps(tables, indent=2, ensure_ascii=False) + "\n"


def _event_columns() -> list[dict[str, str]]:
    """Return the columns of the events; `bot` keeps the place that it had before later fields were added."""
    fields = _columns(Event, as_text=False)
    place = list(Event.model_fields).index("received_at") + 1
    return [*fields[:place], _BOT, *fields[place:]]


def _columns(model: type[BaseModel], *, as_text: bool) -> list[dict[str, str]]:
    hints = typing.get_type_hints(model, include_extras=True)
    return [
        {"name": name, "type": _hive_type(hints[name], as_text=as_text), "comment": field.description or ""}
        for name, field in model.model_fields.items()
    ]


def _line_columns(line: type[msgspec.Struct]) -> list[dict[str, str]]:
    """Return the columns of a line that a function writes; a field may name its Hive type itself."""
    columns = []
    for name, annotation in typing.get_type_hints(line, include_extras=True).items():
        _, meta = typing.get_args(annotation)
        kind = (meta.extra or {}).get("hive") or _hive_type(annotation, as_text=False)
        columns.append({"name": name, "type": kind, "comment": meta.description})
    return columns


def _hive_type(annotation: Any, *, as_text: bool) -> str:
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _hive_type(typing.get_args(annotation)[0], as_text=as_text)
    if origin in (types.UnionType, Union):
        (arm,) = (arm for arm in typing.get_args(annotation) if arm is not types.NoneType)
        return _hive_type(arm, as_text=as_text)
    if origin is list:
        return f"array<{_hive_type(typing.get_args(annotation)[0], as_text=as_text)}>"
    # A flat object of mixed values has no Hive type; it is stored as JSON text.
    if origin in (dict, Literal) or (annotation is datetime and as_text):
        return "string"
    return _PLAIN[annotation]
