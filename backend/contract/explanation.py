"""The reasons of a refusal: every rule that a record breaks, as the models state it.

Only refused records are explained, so the first of them imports pydantic, and valid ones never pay for the import.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, Literal

from backend.contract.refusal import MAX_ERRORS, FieldError, Refusal
from backend.contract.rules.event_types import OWN_TYPES, TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from pydantic import BaseModel

RecordType = Literal["Event", "Item", "User"]

MAX_FIELD_LENGTH = 64
"""Characters of a field's path that are echoed; an unknown field's name may be long."""

_KINDS: dict[str, str] = {
    "missing": "missing_field",
    "extra_forbidden": "unknown_field",
    "string_too_long": "too_long",
    "too_long": "too_many",
    "string_too_short": "empty",
    "too_short": "empty",
    "literal_error": "unknown_value",
    "string_pattern_mismatch": "control_character",
    "finite_number": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "json_invalid": "malformed_json",
    "model_type": "not_an_object",
    "string_type": "wrong_type",
    "float_type": "wrong_type",
    "int_type": "wrong_type",
    "int_parsing_size": "out_of_range",
    "list_type": "wrong_type",
    "dict_type": "wrong_type",
    "string_unicode": "malformed_json",
}
"""The reason for each of pydantic's error types; the models' own error types are reasons already."""

_RULES: dict[str, Callable[[dict[str, Any]], str]] = {
    "missing": lambda _: "is required",
    "extra_forbidden": lambda _: "is not a known field",
    "string_too_long": lambda context: f"must be at most {context['max_length']} characters",
    "too_long": lambda context: f"must hold at most {context['max_length']} entries",
    "string_too_short": lambda _: "must not be empty",
    "too_short": lambda _: "must not be empty",
    "literal_error": lambda context: f"must be {context['expected']}".replace("'", '"'),
    "string_pattern_mismatch": lambda _: "must hold no control character",
    "finite_number": lambda _: "must be a finite number",
    "greater_than_equal": lambda context: f"must be at least {context['ge']:g}",
    "less_than_equal": lambda context: f"must be at most {context['le']:g}",
    "json_invalid": lambda _: "must be well-formed JSON in UTF-8",
    "model_type": lambda _: "must be an object",
    "string_type": lambda _: "must be a string",
    "float_type": lambda _: "must be a number",
    "int_type": lambda _: "must be a whole number",
    "int_parsing_size": lambda _: "must be a smaller number",
    "list_type": lambda _: "must be an array",
    "dict_type": lambda _: "must be an object",
    "string_unicode": lambda _: "must be well-formed JSON in UTF-8",
}

_NOT_STRICT = "must be strict JSON: each name once, no NaN or Infinity"


def explain(kind: RecordType, payload: bytes, *, now: datetime) -> Refusal | None:
    """Return every rule of the models that a record breaks, or None where it breaks none."""
    from pydantic import ValidationError  # noqa: PLC0415 - only refused records pay for the import

    try:
        _model(kind).model_validate_json(payload, context={"now": now})
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        errors = tuple(_field_error(kind, item) for item in details[:MAX_ERRORS])
        first = details[0]["type"]
        return Refusal(_KINDS.get(first, first), errors, payload)
    return None


def malformed(kind: RecordType, payload: bytes) -> Refusal:
    """Return the refusal of a record that the models accept but that is not strict JSON."""
    return Refusal("malformed_json", (FieldError(kind.lower(), _NOT_STRICT),), payload)


def find_repeated(payload: bytes) -> str | None:
    """Return the first field or property that a well-formed record states twice, or None where it states each once."""
    fields: list[tuple[str, Any]] = json.loads(payload, object_pairs_hook=list)
    name = _repeated_name(fields)
    if name is not None:
        return name
    nested = next((value for name, value in fields if name == "properties"), None) or ()
    name = _repeated_name(nested)
    return None if name is None else _path(("properties", name))


def _repeated_name(fields: Iterable[tuple[str, Any]]) -> str | None:
    names = [name for name, _ in fields]
    return next((name for position, name in enumerate(names) if name in names[:position]), None)


def repeated(name: str, payload: bytes) -> Refusal:
    """Return the refusal of a record that states a field twice."""
    return Refusal("malformed_json", (FieldError(name, "must be there once; the record states it twice"),), payload)


@functools.cache
def _model(kind: RecordType) -> type[BaseModel]:
    from pydantic import create_model  # noqa: PLC0415 - as above

    from backend.contract import models  # noqa: PLC0415 - imports pydantic

    event: type[BaseModel] = models.Event
    if OWN_TYPES:
        accepted: Any = Literal[(*TYPES, *OWN_TYPES)]
        event = create_model("Event", __base__=models.Event, event_type=(accepted, ...))
    kinds: dict[RecordType, type[BaseModel]] = {"Event": event, "Item": models.Item, "User": models.User}
    return kinds[kind]


def _field_error(kind: RecordType, item: Any) -> FieldError:
    rule, context = _RULES.get(item["type"]), item.get("ctx") or {}
    field = _path(item["loc"]) or context.get("field") or kind.lower()
    return FieldError(field, rule(context) if rule else item["msg"])


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part != "[key]":
            path += f".{part}" if path else part
    shown = "".join(character if character.isprintable() else "?" for character in path)
    return shown if len(shown) <= MAX_FIELD_LENGTH else shown[: MAX_FIELD_LENGTH - 1] + "…"
