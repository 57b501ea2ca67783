"""Avro schemas in the form that Amazon Personalize takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMESPACE = "com.amazonaws.personalize.schema"


def avro_schema(name: str, fields: Iterable[Any]) -> str:
    """Return the text of a record schema with the given Avro fields."""
    return json.dumps(
        {"type": "record", "name": name, "namespace": NAMESPACE, "fields": list(fields), "version": "1.0"}
    )
